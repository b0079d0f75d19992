package cli

import (
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"vmterminal/app"
)

// harmless passes a guest's text on to a terminal without what would work on it:
// control sequences (ECMA-48) go, other control characters and marks that
// reorder text become '?'. A line's end and tabs stay. Not for use by several
// goroutines.
type harmless struct {
	to    io.Writer
	state int
	rest  []byte // the start of a character whose end has not come yet
}

// Where in a control sequence the text is.
const (
	inText   = iota
	inEscape // after ESC
	inCSI    // until a byte from '@' to '~'
	inString // until BEL or ESC \
)

const escape = 0x1b

// Write never keeps more than a part of one character for the next call.
func (h *harmless) Write(p []byte) (int, error) {
	text := slices.Concat(h.rest, p)
	var out strings.Builder
	for len(text) > 0 && utf8.FullRune(text) {
		r, n := utf8.DecodeRune(text)
		text = text[n:]
		if h.shows(r) {
			out.WriteRune(r)
		}
	}
	h.rest = text
	if _, err := io.WriteString(h.to, plainLines(out.String())); err != nil {
		return 0, err
	}
	return len(p), nil
}

// shows follows the control sequences; what is in one is not shown.
func (h *harmless) shows(r rune) bool {
	if r == 0x18 || r == 0x1a { // CAN and SUB end any sequence
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
		return inEscape // an intermediate: one more byte comes
	default:
		return inText
	}
}

// plainLines is app.Plain for text of several lines and with tabs.
func plainLines(s string) string {
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
