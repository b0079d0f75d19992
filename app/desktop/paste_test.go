//go:build !nogui

package desktop

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
)

func TestRiskyPasteIsAsked(t *testing.T) {
	d := onRunning(t)
	d.app.Clipboard().SetContent("one\n\x1b[31mtwo\n" + strings.Repeat("more\n", 10))
	d.menu(key(fyne.KeyV))
	d.sheet("Paste 12 lines?")
	sees(t, d.sheetTexts(), "one")
	sees(t, d.sheetTexts(), "and 4 more")
	d.key(fyne.KeyReturn) // cancels
	d.noSheet()
	if !d.attached("dev") {
		t.Error("the terminal should have the keyboard again")
	}
	d.app.Clipboard().SetContent("ls\n")
	d.menu(key(fyne.KeyV))
	d.press("Paste")
	d.until("what was pasted", func() bool { return d.console("dev").typed() == "ls\r" })
	d.app.Clipboard().SetContent("harmless")
	d.menu(key(fyne.KeyV))
	d.noSheet()
	d.until("what was pasted", func() bool { return d.console("dev").typed() == "ls\rharmless" })
}

func TestNewOutputBelow(t *testing.T) {
	d := onRunning(t)
	terminal := d.consoles.of("dev").terminal
	d.until("the size", func() bool { return d.consoles.of("dev").told[0] > 20 })
	terminal.Feed([]byte(strings.Repeat("line\r\n", 200)))
	terminal.ScrollBy(-50)
	terminal.Feed([]byte("more\r\n"))
	d.until("the mark", d.parts.below.Visible)
	d.openShell() // has nothing below
	if d.parts.below.Visible() {
		t.Error("the mark is another tab's")
	}
	d.menu(plainKey(fyne.KeyPageUp))
	d.press("New output below")
	d.until("the end", func() bool { return !d.parts.below.Visible() })
	if !slices.Contains(strings.Split(terminal.Text(), "\n"), "more") || !d.attached("dev") {
		t.Error("the terminal should have the keyboard")
	}
}
