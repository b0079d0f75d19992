package console

import (
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
)

// Around pasted text for a guest that asked for brackets.
const (
	pasteBegin = "\x1b[200~"
	pasteEnd   = "\x1b[201~"
)

// Paste types what is on the clipboard. It leaves text with line ends to
// OnRiskyPaste where the guest would take it for typed.
func (c *Console) Paste() {
	text := fyne.CurrentApp().Clipboard().Content()
	risky := strings.ContainsRune(cleanPaste(text), '\r') && !c.modes().BracketedPaste
	if risky && c.OnRiskyPaste != nil {
		c.OnRiskyPaste(text)
		return
	}
	c.PasteText(text)
}

// PasteText types text, in brackets if the guest asked for them. Control
// characters are left out, so that a text cannot end its bracket. A guest that
// does not read gets at most 1 MiB: where there is no room, nothing is typed,
// and OnPasteLost tells.
func (c *Console) PasteText(text string) {
	text = cleanPaste(text)
	if text == "" {
		return
	}
	if c.modes().BracketedPaste {
		text = pasteBegin + text + pasteEnd
	}
	c.ScrollToEnd()
	if !c.send([]byte(text)) && c.OnPasteLost != nil {
		c.OnPasteLost()
	}
}

func cleanPaste(text string) string {
	text = strings.NewReplacer("\r\n", "\r", "\n", "\r").Replace(text)
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\r' && r != '\t' {
			return -1
		}
		return r
	}, text)
}
