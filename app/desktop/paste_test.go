//go:build !nogui

package desktop

import (
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
