package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// keyList is a list that also hears of keys besides the arrows.
type keyList struct {
	widget.List

	onReturn, onDelete, onEscape func()
}

// TypedKey implements fyne.Focusable.
func (l *keyList) TypedKey(key *fyne.KeyEvent) {
	var act func()
	switch key.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		act = l.onReturn
	case fyne.KeyDelete:
		act = l.onDelete
	case fyne.KeyEscape:
		act = l.onEscape
	default:
		l.List.TypedKey(key)
		return
	}
	if act != nil {
		act()
	}
}
