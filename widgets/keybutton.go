package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// A KeyButton is a button that is pressed by Return as well as Space and reports Escape.
type KeyButton struct {
	widget.Button

	// OnEscape may be nil; Escape then closes the dialog that contains the button.
	OnEscape func()
}

// NewKeyButton returns a button; icon may be nil.
func NewKeyButton(text string, icon fyne.Resource, tapped func()) *KeyButton {
	b := &KeyButton{}
	b.Text, b.Icon, b.OnTapped = text, icon, tapped
	b.ExtendBaseWidget(b)
	return b
}

// TypedKey implements fyne.Focusable.
func (b *KeyButton) TypedKey(key *fyne.KeyEvent) {
	switch key.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		b.Tapped(nil)
	case fyne.KeyEscape:
		if b.OnEscape != nil {
			b.OnEscape()
			return
		}
		passKey(b, key)
	default:
		b.Button.TypedKey(key)
	}
}
