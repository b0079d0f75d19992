package screen

import "github.com/mattn/go-runewidth"

// widths ignores the locale: programs in the guest count cells as wcwidth does in a UTF-8
// locale.
var widths = &runewidth.Condition{StrictEmojiNeutral: true}

// runeWidth returns the number of cells of r: 0 for a combining mark, otherwise 1 or 2.
func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case r >= 0x2500 && r < 0x2600: // box drawing and blocks are always narrow
		if r == 0x25FD || r == 0x25FE {
			return 2
		}
		return 1
	}
	return widths.RuneWidth(r)
}
