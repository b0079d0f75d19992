package screen

import "github.com/mattn/go-runewidth"

// widths does not look at the locale: the guest's programs count cells as
// wcwidth does in a UTF-8 locale, whatever the host's language.
var widths = &runewidth.Condition{StrictEmojiNeutral: true}

// runeWidth is the number of cells r takes: 0 for a mark that combines with
// the character before it, 1 or 2.
func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case r >= 0x2500 && r < 0x2600: // boxes and blocks are common and narrow
		if r == 0x25FD || r == 0x25FE {
			return 2
		}
		return 1
	}
	return widths.RuneWidth(r)
}
