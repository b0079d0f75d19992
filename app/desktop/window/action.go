package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// An action is an entry of a menu. The zero value is the separator between two groups.
type action struct {
	// text is called each time the menu is drawn.
	text     func() string
	shortcut fyne.Shortcut
	// can reports whether the action is available now; nil means always.
	can func() bool
	do  func()
}

// isEnabled reports whether the action is available now.
func (a action) isEnabled() bool { return a.can == nil || a.can() }

// item returns the menu item of the action, with its current text and state.
func (w *window) item(a action) *fyne.MenuItem {
	if a.text == nil {
		return fyne.NewMenuItemSeparator()
	}
	i := item(a.text(), a.shortcut, w.unlessModal(func() {
		if a.isEnabled() {
			a.do()
		}
	}))
	i.Disabled = !a.isEnabled()
	return i
}

// items returns menu bar items for actions, which drawMenus keeps up to date.
func (w *window) items(actions []action) []*fyne.MenuItem {
	list := make([]*fyne.MenuItem, len(actions))
	for i, a := range actions {
		list[i] = w.item(a)
		if a.text != nil {
			w.barItems = append(w.barItems, barItem{list[i], a})
		}
	}
	return list
}

// barItem is an action's item in the menu bar.
type barItem struct {
	item   *fyne.MenuItem
	action action
}

// drawMenus redraws the menu bar if an item has changed.
func (w *window) drawMenus() {
	changed := false
	for _, b := range w.barItems {
		text, disabled := b.action.text(), !b.action.isEnabled()
		changed = changed || text != b.item.Label || disabled != b.item.Disabled
		b.item.Label, b.item.Disabled = text, disabled
	}
	if changed {
		w.win.MainMenu().Refresh()
	}
}

// popUp opens a menu of actions at a position on the canvas.
func (w *window) popUp(actions []action, at fyne.Position) {
	if w.win.Canvas().Overlays().Top() != nil {
		return
	}
	list := make([]*fyne.MenuItem, len(actions))
	for i, a := range actions {
		list[i] = w.item(a)
		list[i].Shortcut = nil // the menu bar shows and handles the keys
	}
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", list...), w.win.Canvas(), at)
}

// popUpUnder opens a menu of actions below a widget.
func (w *window) popUpUnder(part fyne.CanvasObject, actions []action) {
	at := w.app.Driver().AbsolutePositionForObject(part)
	w.popUp(actions, at.AddXY(0, part.Size().Height))
}

// fixedText returns the text function of an action whose text never changes.
func fixedText(text string) func() string { return func() string { return text } }
