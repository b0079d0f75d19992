//go:build !nogui

package desktop

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"
)

// finds waits until the bar tells that.
func (d *desk) finds(want string) {
	d.t.Helper()
	d.until("the bar tells "+want, func() bool { return slices.Contains(texts(d.parts.find), want) })
}

func TestFindInTheTerminal(t *testing.T) {
	d := onRunning(t)
	d.openShell()
	d.menu(plainKey(fyne.KeyPageUp))
	terminal := d.consoles.of("dev").terminal
	terminal.Feed([]byte("one two one\r\ntwo one\r\n"))
	d.menu(key(fyne.KeyF))
	d.typeText("one")
	d.finds("3 of 3")
	d.key(fyne.KeyReturn)
	d.finds("2 of 3")
	d.menu(key(fyne.KeyF)) // selects what is there
	d.typeText("none")
	d.finds("not found")
	d.menu(key(fyne.KeyF))
	d.typeText("two")
	d.finds("2 of 2")

	d.menu(plainKey(fyne.KeyPageDown)) // the bar is for the tab in front
	d.finds("not found")
	d.menu(plainKey(fyne.KeyPageUp))
	d.finds("2 of 2")
	d.menu(key(fyne.KeyF))
	d.key(fyne.KeyEscape)
	if d.parts.find.Visible() || !d.attached("dev") {
		t.Error("Escape should close the bar and give the keyboard back")
	}
	terminal.SelectAll()
	d.menu(key(fyne.KeyF)) // several lines are nothing to look for
	d.finds("2 of 2")
}
