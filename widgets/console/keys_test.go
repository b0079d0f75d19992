package console

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

const (
	ctrl  = fyne.KeyModifierControl
	alt   = fyne.KeyModifierAlt
	shift = fyne.KeyModifierShift
)

func TestKeys(t *testing.T) {
	custom := func(key fyne.KeyName, mods fyne.KeyModifier) fyne.Shortcut {
		return &desktop.CustomShortcut{KeyName: key, Modifier: mods}
	}
	tests := []struct {
		guest    string // output before the key
		key      fyne.KeyName
		shift    bool
		shortcut fyne.Shortcut
		want     string
	}{
		{key: fyne.KeyReturn, want: "\r"},
		{key: fyne.KeyEnter, want: "\r"},
		{key: fyne.KeyEnter, guest: "\x1b=", want: "\x1bOM"},
		{key: fyne.KeyBackspace, want: "\x7f"},
		{key: fyne.KeyTab, want: "\t"},
		{key: fyne.KeyTab, shift: true, want: "\x1b[Z"},
		{key: fyne.KeyEscape, want: "\x1b"},
		{key: fyne.KeyUp, want: "\x1b[A"},
		{key: fyne.KeyUp, guest: "\x1b[?1h", want: "\x1bOA"},
		{key: fyne.KeyLeft, shift: true, guest: "\x1b[?1h", want: "\x1b[1;2D"},
		{key: fyne.KeyHome, want: "\x1b[H"},
		{key: fyne.KeyEnd, guest: "\x1b[?1h", want: "\x1bOF"},
		{key: fyne.KeyInsert, want: "\x1b[2~"},
		{key: fyne.KeyDelete, want: "\x1b[3~"},
		{key: fyne.KeyPageUp, want: "\x1b[5~"},
		{key: fyne.KeyPageDown, shift: true, guest: "\x1b[?1049h", want: "\x1b[6;2~"},
		{key: fyne.KeyF1, want: "\x1bOP"},
		{key: fyne.KeyF4, shift: true, want: "\x1b[1;2S"},
		{key: fyne.KeyF5, want: "\x1b[15~"},
		{key: fyne.KeyF12, shift: true, want: "\x1b[24;2~"},
		{shortcut: custom(fyne.KeyD, ctrl), want: "\x04"},
		{shortcut: custom(fyne.KeyLeftBracket, ctrl), want: "\x1b"},
		{shortcut: custom(fyne.KeyBackslash, ctrl), want: "\x1c"},
		{shortcut: custom(fyne.KeySpace, ctrl), want: "\x00"},
		{shortcut: custom(fyne.KeySlash, ctrl), want: "\x1f"},
		{shortcut: custom(fyne.KeyMinus, ctrl|shift), want: "\x1f"},
		{shortcut: custom(fyne.KeyB, alt), want: "\x1bb"},
		{shortcut: custom(fyne.KeyB, alt|shift), want: "\x1bB"},
		{shortcut: custom(fyne.KeyPeriod, alt), want: "\x1b."},
		{shortcut: custom(fyne.KeyPeriod, alt|shift), want: "\x1b>"},
		{shortcut: custom(fyne.KeyC, ctrl|alt), want: "\x1b\x03"},
		{shortcut: custom(fyne.KeyBackspace, alt), want: "\x1b\x7f"},
		{shortcut: custom(fyne.KeyBackspace, ctrl), want: "\b"},
		{shortcut: custom(fyne.KeyReturn, alt), want: "\x1b\r"},
		{shortcut: custom(fyne.KeyRight, ctrl), want: "\x1b[1;5C"},
		{shortcut: custom(fyne.KeyDown, ctrl), want: "\x1b[1;5B"},
		{shortcut: custom(fyne.KeyDelete, ctrl), want: "\x1b[3;5~"},
		{shortcut: custom(fyne.KeyUp, alt|shift), want: "\x1b[1;4A"},
		{shortcut: custom(fyne.KeyF3, ctrl|alt|shift), want: "\x1b[1;8R"},
		{shortcut: &fyne.ShortcutCopy{}, want: "\x03"},
		{shortcut: &fyne.ShortcutPaste{}, want: "\x16"},
		{shortcut: &fyne.ShortcutCut{}, want: "\x18"},
		{shortcut: &fyne.ShortcutCut{Secondary: true}, want: "\x1b[3;2~"},
		{shortcut: &fyne.ShortcutUndo{}, want: "\x1a"},
		{shortcut: &fyne.ShortcutRedo{}, want: "\x19"},
		{shortcut: &fyne.ShortcutSelectAll{}, want: "\x01"},
		{shortcut: custom(fyne.KeyS, ctrl|shift), want: ""},
		{shortcut: custom(fyne.KeyA, fyne.KeyModifierSuper), want: ""},
	}
	b := newBench(t)
	if !b.c.AcceptsTab() {
		t.Error("AcceptsTab() = false, want true")
	}
	for _, tt := range tests {
		b.write("\x1bc" + tt.guest)
		if tt.shortcut != nil {
			b.c.TypedShortcut(tt.shortcut)
		} else {
			if tt.shift {
				b.c.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
			}
			b.c.TypedKey(&fyne.KeyEvent{Name: tt.key})
			b.c.KeyUp(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
		}
		b.c.TypedRune('é') // shows that nothing else was sent
		b.expectInput(tt.want + "é")
	}
}

func TestWindowShortcutsComeFirst(t *testing.T) {
	b := newBench(t)
	var got []string
	b.c.OnShortcut = func(s fyne.Shortcut) bool {
		got = append(got, s.ShortcutName())
		return len(got) == 1
	}
	s := &desktop.CustomShortcut{KeyName: fyne.KeyPageUp, Modifier: ctrl}
	b.c.TypedShortcut(s)
	b.c.TypedShortcut(s)
	b.expectInput("\x1b[5;5~")
	if len(got) != 2 {
		t.Errorf("the window got %v, want two shortcuts", got)
	}
}
