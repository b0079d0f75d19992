package catalog

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

// Sum is a checksum. The zero value means no checksum.
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

// New returns a new hash with the sum's algorithm, or nil if there is no sum.
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

// parseSum parses a hexadecimal checksum. Its length determines the algorithm.
func parseSum(text string) (Sum, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	raw, err := hex.DecodeString(text)
	switch {
	case err == nil && len(raw) == sha256.Size:
		return Sum{"sha256", text}, nil
	case err == nil && len(raw) == sha512.Size:
		return Sum{"sha512", text}, nil
	default:
		return Sum{}, fmt.Errorf("%w: %.140q is not a checksum", ErrForm, text)
	}
}

// bsdLine matches lines such as "SHA256 (file) = 1234".
var bsdLine = regexp.MustCompile(`^SHA\d+ \(([^)]+)\) = ([0-9A-Fa-f]+)$`)

// parseSums parses a list of checksums in the format of sha256sum or BSD. The keys are file names.
// It ignores other lines.
func parseSums(list []byte) map[string]string {
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

// findSum returns the checksum of a file in a list.
func findSum(list []byte, file string) (Sum, error) {
	text, listed := parseSums(list)[file]
	if !listed {
		return Sum{}, fmt.Errorf("%w: no checksum for %s", ErrForm, file)
	}
	return parseSum(text)
}
