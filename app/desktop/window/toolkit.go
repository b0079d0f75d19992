package window

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// toolkit is what all parts of the window use to draw, to work in the background and to move
// the focus. It holds no parts.
type toolkit struct {
	app fyne.App
	win fyne.Window
	ui  Dispatch
	now func() time.Time
	// ctx ends with the window.
	ctx context.Context
	// hidden is set while the window is hidden and only the tray is shown.
	hidden bool
	// focusMain focuses the terminal, or the button shown instead; see window.focusTerminal.
	focusMain func()
}

// call runs work in another goroutine, then calls done with its error on the main goroutine.
func (t *toolkit) call(work func(ctx context.Context) error, done func(error)) {
	go func() {
		err := work(t.ctx)
		t.ui(func() { done(err) })
	}()
}

// hasOverlay reports whether a dialog or a menu is open.
func (t *toolkit) hasOverlay() bool { return t.win.Canvas().Overlays().Top() != nil }

// unlessModal returns an action for menus and keys that does nothing while a dialog is open.
func (t *toolkit) unlessModal(action func()) func() {
	return func() {
		if !t.hasOverlay() {
			action()
		}
	}
}

// raise brings the window to the front.
func (t *toolkit) raise() {
	t.hidden = false
	t.win.Show()
	t.win.RequestFocus()
}

// showIfHidden shows the window if it is hidden, so that a dialog can be seen.
func (t *toolkit) showIfHidden() {
	if t.hidden {
		t.raise()
	}
}

// focus focuses a widget. Fyne can focus a widget that has never been drawn only after
// measuring it.
func (t *toolkit) focus(part fyne.Focusable) {
	t.win.Content().MinSize()
	t.win.Canvas().Focus(part)
}

// setVisible shows or hides a part of the window. Fyne neither draws nor refreshes a part that
// is shown for the first time, unless the canvas is refreshed.
func (t *toolkit) setVisible(o fyne.CanvasObject, visible bool) {
	switch {
	case visible && !o.Visible():
		o.Show()
		t.win.Canvas().Refresh(o)
	case !visible && o.Visible():
		o.Hide()
	}
}

// item returns the menu item of an action, with its current text and state.
func (t *toolkit) item(a action) *fyne.MenuItem {
	if a.text == nil {
		return fyne.NewMenuItemSeparator()
	}
	i := item(a.text(), a.shortcut, t.unlessModal(func() {
		if a.isEnabled() {
			a.do()
		}
	}))
	i.Disabled = !a.isEnabled()
	return i
}

// popUp opens a menu of actions at a position on the canvas.
func (t *toolkit) popUp(actions []action, at fyne.Position) {
	if t.hasOverlay() {
		return
	}
	list := make([]*fyne.MenuItem, len(actions))
	for i, a := range actions {
		list[i] = t.item(a)
		list[i].Shortcut = nil // the menu bar shows and handles the keys
	}
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", list...), t.win.Canvas(), at)
}

// popUpUnder opens a menu of actions below a widget.
func (t *toolkit) popUpUnder(part fyne.CanvasObject, actions []action) {
	at := t.app.Driver().AbsolutePositionForObject(part)
	t.popUp(actions, at.AddXY(0, part.Size().Height))
}

func setEnabled(b fyne.Disableable, on bool) {
	switch {
	case on && b.Disabled():
		b.Enable()
	case !on && !b.Disabled():
		b.Disable()
	}
}
