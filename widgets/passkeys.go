package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// A KeyCheck is a check box that, in a dialog, passes Return and Escape on: they press the
// dialog's default button or close it.
type KeyCheck struct{ widget.Check }

// NewKeyCheck returns a check box; changed may be nil.
func NewKeyCheck(text string, changed func(on bool)) *KeyCheck {
	c := &KeyCheck{}
	c.Text, c.OnChanged = text, changed
	c.ExtendBaseWidget(c)
	return c
}

// TypedKey implements fyne.Focusable.
func (c *KeyCheck) TypedKey(key *fyne.KeyEvent) {
	if !passKey(c, key) {
		c.Check.TypedKey(key)
	}
}

// A KeySelect is a drop-down list that passes Return and Escape on as a KeyCheck does. Space
// opens it.
type KeySelect struct{ widget.Select }

// NewKeySelect returns a list with no option selected; changed may be nil.
func NewKeySelect(options []string, changed func(option string)) *KeySelect {
	s := &KeySelect{}
	s.Options, s.OnChanged = options, changed
	s.ExtendBaseWidget(s)
	return s
}

// TypedKey implements fyne.Focusable.
func (s *KeySelect) TypedKey(key *fyne.KeyEvent) {
	if !passKey(s, key) {
		s.Select.TypedKey(key)
	}
}

// passKey passes Return and Escape in a dialog to the window's handler of unhandled keys,
// and reports whether it did.
func passKey(on fyne.CanvasObject, key *fyne.KeyEvent) bool {
	switch key.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeyEscape:
	default:
		return false
	}
	c := fyne.CurrentApp().Driver().CanvasForObject(on)
	if c == nil || c.Overlays().Top() == nil || c.OnTypedKey() == nil {
		return false
	}
	c.OnTypedKey()(key)
	return true
}
