package console

import (
	"runtime"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

var modifierKeys = map[fyne.KeyName]fyne.KeyModifier{
	desktop.KeyShiftLeft: fyne.KeyModifierShift, desktop.KeyShiftRight: fyne.KeyModifierShift,
	desktop.KeyControlLeft: fyne.KeyModifierControl, desktop.KeyControlRight: fyne.KeyModifierControl,
	desktop.KeyAltLeft: fyne.KeyModifierAlt, desktop.KeyAltRight: fyne.KeyModifierAlt,
}

// KeyDown records a pressed modifier.
func (c *Console) KeyDown(e *fyne.KeyEvent) { c.mods |= modifierKeys[e.Name] }

// KeyUp records a released modifier.
func (c *Console) KeyUp(e *fyne.KeyEvent) { c.mods &^= modifierKeys[e.Name] }

// FocusGained implements fyne.Focusable.
func (c *Console) FocusGained() { c.setFocus(true, "\x1b[I") }

// FocusLost implements fyne.Focusable.
func (c *Console) FocusLost() { c.setFocus(false, "\x1b[O") }

// Focused reports whether the console has the focus.
func (c *Console) Focused() bool { return c.focused }

func (c *Console) setFocus(on bool, report string) {
	c.focused = on
	c.mods = 0
	if c.modes().FocusEvents {
		c.send([]byte(report))
	}
	c.Refresh()
}

// TypedRune sends a character.
func (c *Console) TypedRune(r rune) { c.typed([]byte(string(r))) }

// TypedKey sends a key that does not type a character, or scrolls the view.
func (c *Console) TypedKey(e *fyne.KeyEvent) {
	c.key(e.Name, c.mods&fyne.KeyModifierShift)
}

func (c *Console) key(name fyne.KeyName, mods fyne.KeyModifier) {
	modes := c.modes()
	if mods == fyne.KeyModifierShift && !modes.Alternate {
		switch name {
		case fyne.KeyPageUp:
			c.scrollPages(-1)
			return
		case fyne.KeyPageDown:
			c.scrollPages(1)
			return
		default:
		}
	}
	c.typed(encodeKey(name, mods, modes))
}

// typed sends typed bytes and scrolls to the end, where they appear.
func (c *Console) typed(b []byte) {
	if len(b) == 0 {
		return
	}
	c.ScrollToEnd()
	c.send(b)
}

// TypedShortcut handles keys with a modifier: first the window's shortcuts, then copy and
// paste, then the guest's. Ctrl+Shift+letter never goes to the guest.
func (c *Console) TypedShortcut(s fyne.Shortcut) {
	if c.OnShortcut != nil && c.OnShortcut(s) {
		return
	}
	switch s := s.(type) {
	case *fyne.ShortcutCopy:
		if s.Secondary || runtime.GOOS == "darwin" {
			c.Copy()
			return
		}
		c.typed([]byte{'C' & 0x1f})
	case *fyne.ShortcutPaste:
		if s.Secondary || runtime.GOOS == "darwin" {
			c.Paste()
			return
		}
		c.typed([]byte{'V' & 0x1f})
	case *fyne.ShortcutCut:
		if s.Secondary {
			c.key(fyne.KeyDelete, fyne.KeyModifierShift)
			return
		}
		c.typed([]byte{'X' & 0x1f})
	case *fyne.ShortcutUndo:
		c.typed([]byte{'Z' & 0x1f})
	case *fyne.ShortcutRedo:
		c.typed([]byte{'Y' & 0x1f})
	case *fyne.ShortcutSelectAll:
		c.typed([]byte{'A' & 0x1f})
	case *desktop.CustomShortcut:
		c.combination(s)
	}
}

func (c *Console) combination(s *desktop.CustomShortcut) {
	const window = fyne.KeyModifierControl | fyne.KeyModifierShift
	if s.Modifier&fyne.KeyModifierSuper != 0 {
		return
	}
	if s.Modifier == window {
		switch s.KeyName {
		case fyne.KeyC:
			c.Copy()
			return
		case fyne.KeyV:
			c.Paste()
			return
		default:
		}
		if s.KeyName >= fyne.KeyA && s.KeyName <= fyne.KeyZ {
			return
		}
		if s.KeyName == fyne.KeyMinus {
			c.typed([]byte{'_' & 0x1f})
			return
		}
	}
	if b := encodeCharacter(s.KeyName, s.Modifier); b != nil {
		c.typed(b)
		return
	}
	c.key(s.KeyName, s.Modifier)
}
