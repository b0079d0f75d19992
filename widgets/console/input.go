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

// keyboard handles the keyboard of a console. Its methods must be called on the UI goroutine.
type keyboard struct {
	c       *Console
	focused bool
	mods    fyne.KeyModifier // pressed
}

// KeyDown records a pressed modifier.
func (c *Console) KeyDown(e *fyne.KeyEvent) { c.keyboard.mods |= modifierKeys[e.Name] }

// KeyUp records a released modifier.
func (c *Console) KeyUp(e *fyne.KeyEvent) { c.keyboard.mods &^= modifierKeys[e.Name] }

// FocusGained implements fyne.Focusable.
func (c *Console) FocusGained() { c.keyboard.setFocus(true, "\x1b[I") }

// FocusLost implements fyne.Focusable.
func (c *Console) FocusLost() { c.keyboard.setFocus(false, "\x1b[O") }

// Focused reports whether the console has the focus.
func (c *Console) Focused() bool { return c.keyboard.focused }

func (k *keyboard) setFocus(on bool, report string) {
	k.focused = on
	k.mods = 0
	if k.c.modes().FocusEvents {
		_, _ = k.c.Write([]byte(report))
	}
	k.c.Refresh()
}

// TypedRune sends a character.
func (c *Console) TypedRune(r rune) { c.keyboard.sendTyped([]byte(string(r))) }

// TypedKey sends a key that does not type a character, or scrolls the view.
func (c *Console) TypedKey(e *fyne.KeyEvent) {
	c.keyboard.pressKey(e.Name, c.keyboard.mods&fyne.KeyModifierShift)
}

func (k *keyboard) pressKey(name fyne.KeyName, mods fyne.KeyModifier) {
	modes := k.c.modes()
	if mods == fyne.KeyModifierShift && !modes.Alternate {
		switch name {
		case fyne.KeyPageUp:
			k.c.ScrollBy(-k.pageLines())
			return
		case fyne.KeyPageDown:
			k.c.ScrollBy(k.pageLines())
			return
		default:
		}
	}
	k.sendTyped(encodeKey(name, mods, modes))
}

// pageLines returns how far a page key scrolls.
func (k *keyboard) pageLines() int {
	_, rows := k.c.Cells()
	return max(1, rows-1)
}

// sendTyped sends typed bytes and scrolls to the end, where they appear.
func (k *keyboard) sendTyped(b []byte) {
	if len(b) == 0 {
		return
	}
	k.c.ScrollToEnd()
	_, _ = k.c.Write(b)
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
		c.keyboard.sendTyped([]byte{'C' & 0x1f})
	case *fyne.ShortcutPaste:
		if s.Secondary || runtime.GOOS == "darwin" {
			c.Paste()
			return
		}
		c.keyboard.sendTyped([]byte{'V' & 0x1f})
	case *fyne.ShortcutCut:
		if s.Secondary {
			c.keyboard.pressKey(fyne.KeyDelete, fyne.KeyModifierShift)
			return
		}
		c.keyboard.sendTyped([]byte{'X' & 0x1f})
	case *fyne.ShortcutUndo:
		c.keyboard.sendTyped([]byte{'Z' & 0x1f})
	case *fyne.ShortcutRedo:
		c.keyboard.sendTyped([]byte{'Y' & 0x1f})
	case *fyne.ShortcutSelectAll:
		c.keyboard.sendTyped([]byte{'A' & 0x1f})
	case *desktop.CustomShortcut:
		c.keyboard.modifiedKey(s)
	}
}

func (k *keyboard) modifiedKey(s *desktop.CustomShortcut) {
	const windowShortcut = fyne.KeyModifierControl | fyne.KeyModifierShift
	if s.Modifier&fyne.KeyModifierSuper != 0 {
		return
	}
	if s.Modifier == windowShortcut {
		switch s.KeyName {
		case fyne.KeyC:
			k.c.Copy()
			return
		case fyne.KeyV:
			k.c.Paste()
			return
		default:
		}
		if s.KeyName >= fyne.KeyA && s.KeyName <= fyne.KeyZ {
			return
		}
		if s.KeyName == fyne.KeyMinus {
			k.sendTyped([]byte{'_' & 0x1f})
			return
		}
	}
	if b := encodeCharacter(s.KeyName, s.Modifier); b != nil {
		k.sendTyped(b)
		return
	}
	k.pressKey(s.KeyName, s.Modifier)
}
