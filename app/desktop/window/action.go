package window

import "fyne.io/fyne/v2"

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

// items returns menu bar items for actions, which draw keeps up to date.
func (mb *menuBar) items(actions []action) []*fyne.MenuItem {
	list := make([]*fyne.MenuItem, len(actions))
	for i, a := range actions {
		list[i] = mb.item(a)
		if a.text != nil {
			mb.barItems = append(mb.barItems, barItem{list[i], a})
		}
	}
	return list
}

// menuBar is the menu bar of the window.
type menuBar struct {
	*model

	version  string // of the program
	barItems []barItem
}

// barItem is an action's item in the menu bar.
type barItem struct {
	item   *fyne.MenuItem
	action action
}

// draw redraws the menu bar if an item has changed.
func (mb *menuBar) draw() {
	changed := false
	for _, b := range mb.barItems {
		text, disabled := b.action.text(), !b.action.isEnabled()
		changed = changed || text != b.item.Label || disabled != b.item.Disabled
		b.item.Label, b.item.Disabled = text, disabled
	}
	if changed {
		mb.win.MainMenu().Refresh()
	}
}

// fixedText returns the text function of an action whose text never changes.
func fixedText(text string) func() string { return func() string { return text } }
