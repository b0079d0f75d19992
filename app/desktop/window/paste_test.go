package window

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
)

func TestRiskyPasteIsConfirmed(t *testing.T) {
	d := openRunning(t)
	d.app.Clipboard().SetContent("one\n\x1b[31mtwo\n" + strings.Repeat("more\n", 10))
	d.menu(key(fyne.KeyV))
	d.awaitDialog("Paste 12 lines?")
	requireText(t, d.dialogTexts(), "one")
	requireText(t, d.dialogTexts(), "and 4 more")
	d.key(fyne.KeyReturn) // Cancel has the focus
	d.requireNoDialog()
	if !d.attached("dev") {
		t.Error("the terminal does not have the focus")
	}
	d.app.Clipboard().SetContent("ls\n")
	d.menu(key(fyne.KeyV))
	d.press("Paste")
	d.until("the pasted text", func() bool { return d.console("dev").typed() == "ls\r" })
	d.app.Clipboard().SetContent("harmless")
	d.menu(key(fyne.KeyV))
	d.requireNoDialog()
	d.until("the pasted text", func() bool { return d.console("dev").typed() == "ls\rharmless" })
}
