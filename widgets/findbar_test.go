package widgets

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
)

func TestFindBarKeys(t *testing.T) {
	test.NewTempApp(t)
	b := NewFindBar("Find", "Match case")
	var calls []string
	b.OnChanged = func(text string, matchCase bool) {
		if matchCase {
			text += " as written"
		}
		calls = append(calls, text)
	}
	b.OnStep = func(by int) { calls = append(calls, map[int]string{-1: "previous", 1: "next"}[by]) }
	b.OnClose = func() { calls = append(calls, "close") }
	win := test.NewTempWindow(t, b)
	win.Resize(fyne.NewSize(600, 60))
	b.Set("old")
	win.Canvas().Focus(b.Field())
	test.Type(b.entry, "x") // replaces the selected text
	press := func(key fyne.KeyName) { b.entry.TypedKey(&fyne.KeyEvent{Name: key}) }
	press(fyne.KeyReturn)
	b.entry.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	press(fyne.KeyReturn)
	b.entry.KeyUp(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	press(fyne.KeyReturn)
	b.matchCaseBox.SetChecked(true)
	press(fyne.KeyEscape)
	if want := []string{"old", "x", "previous", "next", "previous", "x as written", "close"}; !slices.Equal(calls, want) {
		t.Errorf("did %q, want %q", calls, want)
	}
}
