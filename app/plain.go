package app

import (
	"strings"
	"unicode"
)

// Plain makes a text safe to display on one line of a terminal: control characters, and
// characters that reorder or hide text, become '?'.
func Plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == unicode.ReplacementChar, unicode.IsControl(r):
			return '?'
		case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return '?'
		default:
			return r
		}
	}, s)
}
