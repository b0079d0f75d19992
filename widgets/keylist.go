package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// keyList is a list whose arrow keys choose at once, and that hears of other
// keys too. Fyne's own highlight, which hovering moves as well, chooses nothing.
type keyList struct {
	widget.List

	// OnMenu asks for the menu of the chosen row, at a place on the canvas.
	OnMenu func(at fyne.Position)

	// self is the whole widget, which takes the focus.
	self fyne.Focusable
	// at is the chosen row, -1 for none.
	at func() int

	onReturn, onDelete, onEscape func()
}

// pick chooses a row and puts the highlight on it.
func (l *keyList) pick(row int) {
	l.Select(row)
	l.Highlight(row)
}

// take chooses a row with the mouse: the keyboard comes along.
func (l *keyList) take(row int) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(l.self.(fyne.CanvasObject)); c != nil {
		c.Focus(l.self)
	}
	l.pick(row)
}

// openMenu asks for the chosen row's menu by key: it opens below the list's
// upper edge, where the row is not known to be.
func (l *keyList) openMenu() {
	if l.OnMenu == nil || l.at() < 0 {
		return
	}
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(l.self.(fyne.CanvasObject))
	l.OnMenu(at.AddXY(24, 24))
}

// move follows the chosen row to where it now stands. It leaves a row that has
// not moved alone: choosing scrolls to it, and the person may look elsewhere.
func (l *keyList) move(from, to int) {
	switch {
	case to < 0:
		l.UnselectAll()
	case from != to:
		l.pick(to)
	}
}

// step chooses the row that many below the chosen one, if there is one.
func (l *keyList) step(by int) {
	if row := l.at() + by; row >= 0 && row < l.Length() {
		l.pick(row)
	}
}

// TypedKey implements fyne.Focusable.
func (l *keyList) TypedKey(key *fyne.KeyEvent) {
	var act func()
	switch key.Name {
	case fyne.KeyDown:
		l.step(1)
	case fyne.KeyUp:
		l.step(-1)
	case fyne.KeyReturn, fyne.KeyEnter:
		act = l.onReturn
	case fyne.KeyDelete:
		act = l.onDelete
	case fyne.KeyEscape:
		act = l.onEscape
	case desktop.KeyMenu:
		act = l.openMenu
	default:
		l.List.TypedKey(key)
		return
	}
	if act != nil {
		act()
	}
}
