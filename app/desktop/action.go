//go:build !nogui

package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// An action is something to be done, as menus offer it. The zero value is the
// line between two groups.
type action struct {
	// text is asked each time the menu is drawn.
	text     func() string
	shortcut fyne.Shortcut
	// can tells whether it can be done now; nil means always.
	can func() bool
	do  func()
}

// possible tells whether an action can be started now.
func (a action) possible() bool { return a.can == nil || a.can() }

// item is the action in a menu, as things stand.
func (w *window) item(a action) *fyne.MenuItem {
	if a.text == nil {
		return fyne.NewMenuItemSeparator()
	}
	i := item(a.text(), a.shortcut, w.free(func() {
		if a.possible() {
			a.do()
		}
	}))
	i.Disabled = !a.possible()
	return i
}

// items are actions in the menu bar: drawMenus keeps them as things stand.
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
	item *fyne.MenuItem
	of   action
}

// drawMenus draws the menu bar anew where it would differ.
func (w *window) drawMenus() {
	changed := false
	for _, b := range w.barItems {
		text, disabled := b.of.text(), !b.of.possible()
		changed = changed || text != b.item.Label || disabled != b.item.Disabled
		b.item.Label, b.item.Disabled = text, disabled
	}
	if changed {
		w.win.MainMenu().Refresh()
	}
}

// popUp opens a menu of actions at a place on the canvas.
func (w *window) popUp(actions []action, at fyne.Position) {
	if w.win.Canvas().Overlays().Top() != nil {
		return
	}
	list := make([]*fyne.MenuItem, len(actions))
	for i, a := range actions {
		list[i] = w.item(a)
		list[i].Shortcut = nil // the menu bar shows and takes the keys
	}
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", list...), w.win.Canvas(), at)
}

// popUpUnder opens a menu of actions below a part of the window.
func (w *window) popUpUnder(part fyne.CanvasObject, actions []action) {
	at := w.app.Driver().AbsolutePositionForObject(part)
	w.popUp(actions, at.AddXY(0, part.Size().Height))
}

// always is the text of an action that has one name only.
func always(text string) func() string { return func() string { return text } }
