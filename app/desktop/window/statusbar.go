package window

import (
	"net/url"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/widgets"
)

// statusBar covers the bottom of a terminal: it shows the link under the pointer or that
// the guest is booting, and a button to scroll to new output.
type statusBar struct {
	hint  *fyne.Container
	text  *widgets.Line
	below *widget.Button
}

func (ts *terminals) buildStatusBar() fyne.CanvasObject {
	bar := &ts.statusBar
	bar.text = widgets.NewCaption("")
	bar.hint = container.NewStack(widgets.NewGround(theme.ColorNameHeaderBackground, 4),
		container.New(layout.NewCustomPaddedLayout(5, 5, 8, 8), bar.text))
	bar.hint.Hide()
	bar.below = widget.NewButtonWithIcon(lang.L("New output below"), theme.MoveDownIcon(), func() {
		if _, tabs, ok := ts.tabsShown(); ok {
			tabs.shown().terminal.ScrollToEnd()
			ts.focusMain()
		}
	})
	bar.below.Hide()
	return container.New(layout.NewCustomPaddedLayout(0, 6, 0, 12), container.NewBorder(nil,
		container.NewBorder(nil, nil, nil, bar.below, container.NewVBox(layout.NewSpacer(), bar.hint)), nil, nil))
}

// drawStatusBar draws the status bar of the terminal shown.
func (ts *terminals) drawStatusBar() {
	v, tabs, ok := ts.tabsShown()
	if !ok {
		return
	}
	t, bar := tabs.shown(), &ts.statusBar
	ts.setVisible(bar.below, t.below)
	text := ""
	switch {
	case t.link != nil:
		text = lang.L("Ctrl+click opens {{.Address}}", words.Values{"Address": t.link.String()})
	case t.number == 0 && ts.isBooting(v):
		text = lang.L("The guest is starting; its agent is not ready yet")
	}
	bar.text.Set(text)
	ts.setVisible(bar.hint, text != "")
}

// bootTimeout is how long a guest without an agent is shown as booting.
const bootTimeout = time.Minute

// isBooting reports whether a guest has started recently and its agent is not ready.
func (ts *terminals) isBooting(v app.VM) bool {
	return v.State == app.Running && !v.Agent && ts.last.at.Sub(v.Since) < bootTimeout
}

// openLink opens a link from a terminal in the user's browser.
func (ts *terminals) openLink(u *url.URL) {
	if err := ts.openURL(u); err != nil {
		ts.modal.showMessage(lang.L("Could not open the page"), err.Error())
	}
}
