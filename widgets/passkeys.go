package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// A KeyCheck is a check box that in a sheet leaves Return and Escape to the
// window: they press its default button, or dismiss it.
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
	if !passed(c, key) {
		c.Check.TypedKey(key)
	}
}

// A KeySelect is a choice of one of several that leaves Return and Escape to the
// window, as a KeyCheck does. Space opens it.
type KeySelect struct{ widget.Select }

// NewKeySelect returns a choice with nothing chosen; changed may be nil.
func NewKeySelect(options []string, changed func(option string)) *KeySelect {
	s := &KeySelect{}
	s.Options, s.OnChanged = options, changed
	s.ExtendBaseWidget(s)
	return s
}

// TypedKey implements fyne.Focusable.
func (s *KeySelect) TypedKey(key *fyne.KeyEvent) {
	if !passed(s, key) {
		s.Select.TypedKey(key)
	}
}

// passed gives Return and Escape in a sheet to what the window does with keys
// that reach no part of it.
func passed(on fyne.CanvasObject, key *fyne.KeyEvent) bool {
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
