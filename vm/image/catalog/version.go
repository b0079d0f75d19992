package catalog

import (
	"cmp"
	"strings"
	"unicode"
)

// Older reports whether version a is older than b. Numbers are compared as numbers,
// everything else as text.
func Older(a, b string) bool {
	x, y := splitVersion(a), splitVersion(b)
	for i := range min(len(x), len(y)) {
		if c := comparePart(x[i], y[i]); c != 0 {
			return c < 0
		}
	}
	return len(x) < len(y)
}

func comparePart(a, b string) int {
	a0, b0 := strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if isNumber(a) && isNumber(b) && len(a0) != len(b0) {
		return cmp.Compare(len(a0), len(b0))
	}
	if isNumber(a) && isNumber(b) {
		return cmp.Compare(a0, b0)
	}
	return cmp.Compare(a, b)
}

func isNumber(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

// splitVersion splits a version into numbers and words.
func splitVersion(v string) []string {
	var all []string
	for _, word := range strings.FieldsFunc(v, func(r rune) bool { return !unicode.IsLetter(r) && (r < '0' || r > '9') }) {
		for word != "" {
			number := isNumber(word)
			end := strings.IndexFunc(word, func(r rune) bool { return (r >= '0' && r <= '9') != number })
			if end < 0 {
				end = len(word)
			}
			all = append(all, word[:end])
			word = word[end:]
		}
	}
	return all
}
