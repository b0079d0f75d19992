package window

import "golang.org/x/text/unicode/norm"

// typedName returns a typed name in the Unicode form that stores use.
func typedName(text string) string { return norm.NFC.String(text) }
