package cli

import (
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"vmterminal/app"
)

// sanitizer writes a guest's text to a terminal without control sequences (ECMA-48). Other
// control characters, and marks that reorder text, become '?'; newlines and tabs are kept.
// It is not safe for concurrent use.
type sanitizer struct {
	to         io.Writer
	state      int
	incomplete []byte // incomplete character at the end of the last Write
}

// States of the parser of control sequences.
const (
	inText   = iota
	inEscape // after ESC
	inCSI    // until a byte from '@' to '~'
	inString // until BEL or ESC \
)

const escape = 0x1b

// Write writes the sanitized text to the terminal. It buffers at most one incomplete character.
func (h *sanitizer) Write(p []byte) (int, error) {
	text := slices.Concat(h.incomplete, p)
	var out strings.Builder
	for len(text) > 0 && utf8.FullRune(text) {
		r, n := utf8.DecodeRune(text)
		text = text[n:]
		if h.isText(r) {
			out.WriteRune(r)
		}
	}
	h.incomplete = text
	if _, err := io.WriteString(h.to, sanitizeLines(out.String())); err != nil {
		return 0, err
	}
	return len(p), nil
}

// isText advances the parser and reports whether r is text rather than part of a sequence.
func (h *sanitizer) isText(r rune) bool {
	if r == 0x18 || r == 0x1a { // CAN and SUB cancel any sequence
		h.state = inText
		return false
	}
	switch h.state {
	case inEscape:
		h.state = afterEscape(r)
	case inCSI:
		if r >= '@' && r <= '~' {
			h.state = inText
		}
	case inString:
		if r == '\a' || r == 0x9c {
			h.state = inText
		}
	default:
		switch r {
		case 0x9b:
			h.state = inCSI
		case 0x90, 0x98, 0x9d, 0x9e, 0x9f:
			h.state = inString
		case escape, '\r', '\b', '\a', 0:
		default:
			return true
		}
	}
	if r == escape {
		h.state = inEscape
	}
	return false
}

func afterEscape(r rune) int {
	switch {
	case r == '[':
		return inCSI
	case strings.ContainsRune("]PX^_", r):
		return inString
	case r >= ' ' && r <= '/':
		return inEscape // an intermediate byte: more follow
	default:
		return inText
	}
}

// sanitizeLines applies app.Plain to text but keeps newlines and tabs.
func sanitizeLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		cells := strings.Split(line, "\t")
		for j := range cells {
			cells[j] = app.Plain(cells[j])
		}
		lines[i] = strings.Join(cells, "\t")
	}
	return strings.Join(lines, "\n")
}
