//go:build !nogui

package desktop

import (
	"net/url"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/widgets"
)

// foot lies over a terminal's last rows: where a link leads to, or why there is
// nothing to see yet, and the way to output below the view.
type foot struct {
	hint  *fyne.Container
	says  *widgets.Line
	below *widget.Button
}

func (w *window) buildFoot() fyne.CanvasObject {
	f := &w.parts.foot
	f.says = widgets.NewCaption("")
	f.hint = container.NewStack(widgets.NewGround(theme.ColorNameHeaderBackground, 4),
		container.New(layout.NewCustomPaddedLayout(5, 5, 8, 8), f.says))
	f.hint.Hide()
	f.below = widget.NewButtonWithIcon(textBelow(), theme.MoveDownIcon(), func() {
		if _, of, ok := w.tabsOnWindow(); ok {
			of.shown().terminal.ScrollToEnd()
			w.focusMain()
		}
	})
	f.below.Hide()
	return container.New(layout.NewCustomPaddedLayout(0, 6, 0, 12), container.NewBorder(nil,
		container.NewBorder(nil, nil, nil, f.below, container.NewVBox(layout.NewSpacer(), f.hint)), nil, nil))
}

// drawFoot draws what the terminal on the window has told.
func (w *window) drawFoot() {
	v, of, ok := w.tabsOnWindow()
	if !ok {
		return
	}
	t, f := of.shown(), &w.parts.foot
	w.setVisible(f.below, t.below)
	says := ""
	switch {
	case t.link != nil:
		says = textLink(t.link.String())
	case t.number == 0 && w.boots(v):
		says = textBoots()
	}
	f.says.Set(says)
	w.setVisible(f.hint, says != "")
}

// bootPatience is how long a guest may take to boot. One that has no agent is then no
// longer waited for.
const bootPatience = time.Minute

// boots tells whether a guest does not answer because it has only begun to run.
func (w *window) boots(v app.VM) bool {
	return v.State == app.Running && !v.Agent && w.last.at.Sub(v.Since) < bootPatience
}

// openLink opens a web page that a guest has named, in the person's browser.
func (w *window) openLink(u *url.URL) {
	if err := w.openURL(u); err != nil {
		w.tell(textNoBrowser(), err.Error())
	}
}
