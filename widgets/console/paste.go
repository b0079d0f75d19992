package console

import (
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
)

// The delimiters of a bracketed paste (mode 2004).
const (
	pasteBegin = "\x1b[200~"
	pasteEnd   = "\x1b[201~"
)

// Paste types the clipboard's text. Text with lines that the guest would run is passed to
// OnRiskyPaste instead.
func (c *Console) Paste() {
	text := fyne.CurrentApp().Clipboard().Content()
	risky := strings.ContainsRune(cleanPaste(text), '\r') && !c.modes().BracketedPaste
	if risky && c.OnRiskyPaste != nil {
		c.OnRiskyPaste(text)
		return
	}
	c.PasteText(text)
}

// PasteText types text, as a bracketed paste if the guest has enabled that. Control characters
// are removed, so that text cannot end the bracketed paste. At most 1 MiB is queued for a guest
// that does not read: if there is no room, nothing is typed and OnPasteLost is called.
func (c *Console) PasteText(text string) {
	text = cleanPaste(text)
	if text == "" {
		return
	}
	if c.modes().BracketedPaste {
		text = pasteBegin + text + pasteEnd
	}
	c.ScrollToEnd()
	if _, err := c.Write([]byte(text)); err != nil && c.OnPasteLost != nil {
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
