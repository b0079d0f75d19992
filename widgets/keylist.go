package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// keyList is a list in which the arrow keys select rows. (In Fyne's own list, they move only
// the highlight, and so does hovering.)
type keyList struct {
	widget.List

	// OnMenu opens the menu of the selected row at a position on the canvas.
	OnMenu func(at fyne.Position)

	// focusTarget is the embedding widget, which takes the focus.
	focusTarget fyne.Focusable
	// selectedRow returns the selected row, or -1.
	selectedRow func() int

	onReturn, onDelete, onEscape func()
}

// selectRow selects and highlights a row.
func (l *keyList) selectRow(row int) {
	l.Select(row)
	l.Highlight(row)
}

// selectClicked selects a row that was clicked, and focuses the list.
func (l *keyList) selectClicked(row int) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(l.focusTarget.(fyne.CanvasObject)); c != nil {
		c.Focus(l.focusTarget)
	}
	l.selectRow(row)
}

// openMenu opens the selected row's menu by key, at the list's upper edge: the list does
// not know where the row is.
func (l *keyList) openMenu() {
	if l.OnMenu == nil || l.selectedRow() < 0 {
		return
	}
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(l.focusTarget.(fyne.CanvasObject))
	l.OnMenu(at.AddXY(24, 24))
}

// updateSelection updates the selection after the selected item has moved to another row; to is negative
// if the item is gone. If the row is the same, move does nothing, because selecting would
// scroll to it.
func (l *keyList) updateSelection(from, to int) {
	switch {
	case to < 0:
		l.UnselectAll()
	case from != to:
		l.selectRow(to)
	}
}

// moveSelection moves the selection down by a number of rows, if that row exists.
func (l *keyList) moveSelection(by int) {
	if row := l.selectedRow() + by; row >= 0 && row < l.Length() {
		l.selectRow(row)
	}
}

// TypedKey implements fyne.Focusable.
func (l *keyList) TypedKey(key *fyne.KeyEvent) {
	var action func()
	switch key.Name {
	case fyne.KeyDown:
		l.moveSelection(1)
	case fyne.KeyUp:
		l.moveSelection(-1)
	case fyne.KeyReturn, fyne.KeyEnter:
		action = l.onReturn
	case fyne.KeyDelete:
		action = l.onDelete
	case fyne.KeyEscape:
		action = l.onEscape
	case desktop.KeyMenu:
		action = l.openMenu
	default:
		l.List.TypedKey(key)
		return
	}
	callIfSet(action)
}
