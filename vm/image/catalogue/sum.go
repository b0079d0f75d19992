package catalogue

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"regexp"
	"strings"
)

// Sum is a checksum. The zero value is none.
type Sum struct {
	Algorithm string // "sha256" or "sha512"
	Hex       string // in lower case
}

func (s Sum) String() string {
	if s.Hex == "" {
		return ""
	}
	return s.Algorithm + ":" + s.Hex
}

// New returns the hash that the sum is of; nil of none.
func (s Sum) New() hash.Hash {
	switch s.Algorithm {
	case "sha256":
		return sha256.New()
	case "sha512":
		return sha512.New()
	default:
		return nil
	}
}

// sumOf reads a checksum in hexadecimal, whose length tells the algorithm.
func sumOf(text string) (Sum, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	raw, err := hex.DecodeString(text)
	switch {
	case err == nil && len(raw) == sha256.Size:
		return Sum{"sha256", text}, nil
	case err == nil && len(raw) == sha512.Size:
		return Sum{"sha512", text}, nil
	default:
		return Sum{}, fmt.Errorf("%w: %.140q is no checksum", ErrForm, text)
	}
}

// bsdLine is "SHA256 (file) = 1234".
var bsdLine = regexp.MustCompile(`^SHA\d+ \(([^)]+)\) = ([0-9A-Fa-f]+)$`)

// sums reads a list of checksums, in the form of sha256sum or of BSD, by the
// files' names. Other lines mean nothing.
func sums(list []byte) map[string]string {
	all := map[string]string{}
	for lines := bufio.NewScanner(bytes.NewReader(list)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if m := bsdLine.FindStringSubmatch(line); m != nil {
			all[m[1]] = m[2]
		} else if f := strings.Fields(line); len(f) == 2 {
			all[strings.TrimPrefix(f[1], "*")] = f[0]
		}
	}
	return all
}

// sumIn is the checksum of a file in a list.
func sumIn(list []byte, file string) (Sum, error) {
	text, listed := sums(list)[file]
	if !listed {
		return Sum{}, fmt.Errorf("%w: no checksum of %s is told", ErrForm, file)
	}
	return sumOf(text)
}
