package window

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"
)

// awaitFindText waits until the find bar shows a text.
func (d *desk) awaitFindText(want string) {
	d.t.Helper()
	d.until("the find bar showing "+want, func() bool { return slices.Contains(texts(d.terminals.find), want) })
}

func TestFindInTerminal(t *testing.T) {
	d := openRunning(t)
	d.openShell()
	d.menu(plainKey(fyne.KeyPageUp))
	terminal := d.terminals.consoles.consoleTab("dev").terminal
	terminal.Feed([]byte("one two one\r\ntwo one\r\n"))
	d.menu(key(fyne.KeyF))
	d.typeText("one")
	d.awaitFindText("3 of 3")
	d.key(fyne.KeyReturn)
	d.awaitFindText("2 of 3")
	d.menu(key(fyne.KeyF)) // selects the old text
	d.typeText("none")
	d.awaitFindText("not found")
	d.menu(key(fyne.KeyF))
	d.typeText("two")
	d.awaitFindText("2 of 2")

	d.menu(plainKey(fyne.KeyPageDown)) // the bar now searches the other tab
	d.awaitFindText("not found")
	d.menu(plainKey(fyne.KeyPageUp))
	d.awaitFindText("2 of 2")
	d.menu(key(fyne.KeyF))
	d.key(fyne.KeyEscape)
	if d.terminals.find.Visible() || !d.attached("dev") {
		t.Error("Escape did not close the bar and focus the terminal")
	}
	terminal.SelectAll()
	d.menu(key(fyne.KeyF)) // a selection of several lines is not searched for
	d.awaitFindText("2 of 2")
}
