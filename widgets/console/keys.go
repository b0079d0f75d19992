package console

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"

	"vmterminal/widgets/screen"
)

// cursorKeys have sequences that end in a letter; DECCKM changes their prefix.
var cursorKeys = map[fyne.KeyName]byte{
	fyne.KeyUp: 'A', fyne.KeyDown: 'B', fyne.KeyRight: 'C', fyne.KeyLeft: 'D',
	fyne.KeyHome: 'H', fyne.KeyEnd: 'F',
}

var functionKeys = map[fyne.KeyName]byte{
	fyne.KeyF1: 'P', fyne.KeyF2: 'Q', fyne.KeyF3: 'R', fyne.KeyF4: 'S',
}

var numberedKeys = map[fyne.KeyName]int{
	fyne.KeyInsert: 2, fyne.KeyDelete: 3, fyne.KeyPageUp: 5, fyne.KeyPageDown: 6,
	fyne.KeyF5: 15, fyne.KeyF6: 17, fyne.KeyF7: 18, fyne.KeyF8: 19,
	fyne.KeyF9: 20, fyne.KeyF10: 21, fyne.KeyF11: 23, fyne.KeyF12: 24,
}

// encodeKey returns what xterm sends for a key that does not type a character, or nil for other
// keys.
func encodeKey(key fyne.KeyName, mods fyne.KeyModifier, m screen.Modes) []byte {
	mod := modifierNumber(mods)
	if final, ok := cursorKeys[key]; ok {
		switch {
		case mod > 1:
			return fmt.Appendf(nil, "\x1b[1;%d%c", mod, final)
		case m.AppCursor:
			return []byte{0x1b, 'O', final}
		}
		return []byte{0x1b, '[', final}
	}
	if final, ok := functionKeys[key]; ok {
		if mod > 1 {
			return fmt.Appendf(nil, "\x1b[1;%d%c", mod, final)
		}
		return []byte{0x1b, 'O', final}
	}
	if n, ok := numberedKeys[key]; ok {
		if mod > 1 {
			return fmt.Appendf(nil, "\x1b[%d;%d~", n, mod)
		}
		return fmt.Appendf(nil, "\x1b[%d~", n)
	}
	return withAlt(encodeEditing(key, mods, m), mods)
}

func encodeEditing(key fyne.KeyName, mods fyne.KeyModifier, m screen.Modes) []byte {
	switch key {
	case fyne.KeyReturn:
		return []byte{'\r'}
	case fyne.KeyEnter:
		if m.AppKeypad {
			return []byte("\x1bOM")
		}
		return []byte{'\r'}
	case fyne.KeyBackspace:
		if mods&fyne.KeyModifierControl != 0 {
			return []byte{'\b'}
		}
		return []byte{0x7f}
	case fyne.KeyTab:
		if mods&fyne.KeyModifierShift != 0 {
			return []byte("\x1b[Z")
		}
		return []byte{'\t'}
	case fyne.KeyEscape:
		return []byte{0x1b}
	default:
		return nil
	}
}

// modifierNumber returns xterm's parameter for modifiers.
func modifierNumber(mods fyne.KeyModifier) int {
	n := 1
	if mods&fyne.KeyModifierShift != 0 {
		n++
	}
	if mods&fyne.KeyModifierAlt != 0 {
		n += 2
	}
	if mods&fyne.KeyModifierControl != 0 {
		n += 4
	}
	return n
}

func withAlt(b []byte, mods fyne.KeyModifier) []byte {
	if len(b) == 0 || mods&fyne.KeyModifierAlt == 0 {
		return b
	}
	return append([]byte{0x1b}, b...)
}

// encodeCharacter returns what a character key sends with Ctrl or Alt, or nil.
func encodeCharacter(key fyne.KeyName, mods fyne.KeyModifier) []byte {
	name := string(key)
	if key == fyne.KeySpace {
		name = " "
	}
	if len(name) != 1 {
		return nil
	}
	ch := name[0]
	switch {
	case mods&fyne.KeyModifierControl != 0:
		code, ok := controlCode(ch)
		if !ok {
			return nil
		}
		return withAlt([]byte{code}, mods)
	case mods&fyne.KeyModifierShift != 0:
		return withAlt([]byte{shifted(ch)}, mods)
	}
	return withAlt([]byte(strings.ToLower(name)), mods)
}

// controlCode returns the control character that Ctrl and a key produce.
func controlCode(ch byte) (byte, bool) {
	switch {
	case ch >= '@' && ch <= '_':
		return ch & 0x1f, true
	case ch == ' ' || ch == '2' || ch == '`':
		return 0, true
	case ch >= '3' && ch <= '7':
		return ch - '3' + 0x1b, true
	case ch == '8' || ch == '?':
		return 0x7f, true
	case ch == '/':
		return 0x1f, true
	}
	return 0, false
}

// shifted returns the character that Shift and a key produce on a US keyboard; the toolkit does
// not report the characters of other layouts while Alt is pressed.
func shifted(ch byte) byte {
	const plain, with = "`1234567890-=[]\\;',./", "~!@#$%^&*()_+{}|:\"<>?"
	if i := strings.IndexByte(plain, ch); i >= 0 {
		return with[i]
	}
	return ch
}
