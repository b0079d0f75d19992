package durable

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// MaxName is the maximum length of the name of a VM or snapshot, in bytes.
const MaxName = 100

// ErrBadName is wrapped by every error of CheckName.
var ErrBadName = errors.New("not a valid name")

// CheckName returns an error if name is not a valid name of a VM or snapshot: 1 to MaxName
// bytes of UTF-8 in NFC; letters, marks and digits of any script, '.', '_' and '-', starting
// with a letter or digit. The error wraps ErrBadName and quotes the name so that it is safe
// to print.
func CheckName(name string) error {
	refuse := func(why string) error {
		shown := name
		if len(shown) > MaxName {
			shown = shown[:MaxName]
		}
		return fmt.Errorf("%s is %w: %s", strconv.QuoteToASCII(shown), ErrBadName, why)
	}
	switch {
	case name == "":
		return refuse("it is empty")
	case len(name) > MaxName:
		return refuse(fmt.Sprintf("it is longer than %d bytes", MaxName))
	case !utf8.ValidString(name):
		return refuse("it is not UTF-8")
	case !norm.NFC.IsNormalString(name):
		return refuse("its accents are not in composed form (NFC)")
	}
	for i, r := range name {
		letter := unicode.IsLetter(r) || unicode.IsDigit(r)
		if i == 0 && !letter {
			return refuse("it must start with a letter or digit")
		}
		if !letter && !unicode.IsMark(r) && r != '.' && r != '_' && r != '-' {
			return refuse("only letters, digits, '.', '_' and '-' are allowed")
		}
	}
	return nil
}

// SameName reports whether two names are equal, ignoring case. Names must be unique in this
// sense.
func SameName(a, b string) bool { return FoldName(a) == FoldName(b) }

// FoldName maps names that are equal in the sense of SameName to the same string.
func FoldName(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return strings.ToLower(name) // the same for ASCII, but much faster
	}
	return norm.NFC.String(cases.Fold().String(name))
}

// UnknownNameError reports a name that does not exist. It contains the existing names, so
// that a front end can suggest one.
type UnknownNameError struct {
	Err   error // the full message, with the name
	Name  string
	Known []string // the existing names
}

func (e *UnknownNameError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *UnknownNameError) Unwrap() error { return e.Err }
