package words

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2/lang"

	"vmterminal/snapshot/durable"
)

// NameProblem returns what is wrong with a new name for a VM or snapshot, or "" if it is valid
// and not among taken. [durable.CheckName] defines the rules.
func NameProblem(name string, taken []string) string {
	if durable.CheckName(name) == nil {
		if slices.ContainsFunc(taken, func(t string) bool { return durable.SameName(t, name) }) {
			return lang.L("This name is already in use")
		}
		return ""
	}
	first, _ := utf8.DecodeRuneInString(name)
	switch {
	case name == "":
		return lang.L("Enter a name")
	case len(name) > durable.MaxName:
		return lang.L("Too long: at most 100 bytes")
	case !unicode.IsLetter(first) && !unicode.IsDigit(first):
		return lang.L("Must start with a letter or digit")
	default:
		return lang.L("Only letters, digits, '.', '_' and '-'")
	}
}
