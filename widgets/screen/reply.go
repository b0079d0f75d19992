package screen

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How the screen identifies itself: a VT220 with color (DA1), and an xterm version that makes
// vim use SGR mouse reports (DA2).
const (
	deviceAttributes    = "\x1b[?62;22c"
	secondaryAttributes = "\x1b[>41;330;0c"
)

func (s *Screen) reply(text string) {
	if len(s.replies)+len(text) <= maxReplies {
		s.replies = append(s.replies, text...)
	}
}

// replyStatus answers DSR.
func (s *Screen) replyStatus(request int, private string) {
	switch {
	case request == 5 && private == "":
		s.reply("\x1b[0n")
	case request == 6:
		row := s.cur.y
		if s.cur.origin {
			row -= s.regionTop
		}
		s.reply(fmt.Sprintf("\x1b[%s%d;%dR", private, row+1, s.cur.x+1))
	}
}

func (s *Screen) reportMode(private string, mode, setting int) {
	s.reply(fmt.Sprintf("\x1b[%s%d;%d$y", private, mode, setting))
}

func (s *Screen) reportSize() {
	s.reply(fmt.Sprintf("\x1b[8;%d;%dt", s.rows, s.cols))
}

// osc executes an operating system command. Only the title is used; the working directory (7),
// the clipboard (52) and all others are ignored.
func (s *Screen) osc(text []byte) {
	number, value, _ := bytes.Cut(text, []byte{';'})
	switch string(number) {
	case "0", "2":
		s.title = cleanTitle(value)
	}
}

func cleanTitle(b []byte) string {
	var t strings.Builder
	for n := 0; len(b) > 0 && n < maxTitle; {
		r, size := utf8.DecodeRune(b)
		b = b[size:]
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			continue
		}
		t.WriteRune(r)
		n++
	}
	return t.String()
}

// dcs executes a device control string. DECRQSS is answered as invalid, because guests wait for
// a reply.
func (s *Screen) dcs(text []byte) {
	if bytes.HasPrefix(text, []byte("$q")) {
		s.reply("\x1bP0$r\x1b\\")
	}
}
