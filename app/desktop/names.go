//go:build !nogui

package desktop

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"vmterminal/app/ondisk"
)

// wrongName says in the window's words what is wrong with a name, or "". The
// rule itself is ondisk.CheckName's.
func wrongName(name string, taken []string) string {
	if ondisk.CheckName(name) == nil {
		if slices.ContainsFunc(taken, func(t string) bool { return ondisk.SameName(t, name) }) {
			return textNameTaken()
		}
		return ""
	}
	first, _ := utf8.DecodeRuneInString(name)
	switch {
	case name == "":
		return textNameEmpty()
	case len(name) > ondisk.MaxName:
		return textNameLong()
	case !unicode.IsLetter(first) && !unicode.IsDigit(first):
		return textNameStart()
	default:
		return textNameSpelling()
	}
}

// typedName is a name as typed, in the one form that names are kept in.
func typedName(text string) string { return norm.NFC.String(text) }
