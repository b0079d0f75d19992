package screen

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// linkRows is how many rows a URL may extend before and after a position.
const linkRows = 20

// Paragraph returns the range of the unwrapped line that contains line n.
func (s *Screen) Paragraph(n int64) Range {
	first, end := s.Lines()
	from, to := s.paragraph(n, first, end)
	return Range{From: Pos{Line: from}, To: Pos{Line: to}}
}

// paragraph searches only lines from first up to, not including, end.
func (s *Screen) paragraph(n, first, end int64) (from, to int64) {
	from, to = n, n+1
	for from > first && s.isWrapped(from-1) {
		from--
	}
	for to < end && s.isWrapped(to-1) {
		to++
	}
	return from, to
}

// isWrapped reports whether line n continues in the next one.
func (b *buffer) isWrapped(n int64) bool {
	if row := n - b.history.end; row >= 0 {
		return row < int64(b.rows) && b.page.lines[row].wrapped
	}
	return n >= b.history.first() && b.history.slot(n).wrapped
}

func (b *buffer) isWide(p Pos) bool {
	cells, _ := b.Line(p.Line, nil)
	return p.Col < len(cells) && cells[p.Col].Part == WideLeft
}

// urlPattern matches URLs; trimURL removes surrounding punctuation.
var urlPattern = regexp.MustCompile("https?://[^\\s<>\"'`{}|\\\\^]+")

// LinkAt returns the web URL at p and its range, or nil. The URL comes from the guest: show it
// before opening it.
func (s *Screen) LinkAt(p Pos) (*url.URL, Range) {
	first, end := s.Lines()
	from, to := s.paragraph(p.Line, max(first, p.Line-linkRows), min(end, p.Line+linkRows))
	f := lineMatcher{screen: s}
	for n := from; n < to; n++ {
		f.appendLine(n)
	}
	at := slices.IndexFunc(f.positions, func(place Pos) bool {
		return place.Line == p.Line && (place.Col == p.Col || place.Col == p.Col-1 && s.isWide(place))
	})
	if at < 0 {
		return nil, Range{}
	}
	text := string(f.text)
	for _, m := range urlPattern.FindAllStringIndex(text, -1) {
		found := trimURL(text[m[0]:m[1]])
		begin := len([]rune(text[:m[0]]))
		last := begin + len([]rune(found)) - 1
		if at < begin || at > last {
			continue
		}
		u, err := url.Parse(found)
		if err != nil || u.Host == "" || strings.ContainsFunc(found, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return nil, Range{}
		}
		r := Range{From: f.positions[begin], To: f.positions[last]}
		r.To.Col += runeWidth(f.text[last])
		return u, r
	}
	return nil, Range{}
}

// trimURL removes trailing punctuation, and a closing bracket that was opened before the
// URL.
func trimURL(text string) string {
	for {
		rest := strings.TrimRight(text, ".,;:!?")
		for _, pair := range []string{"()", "[]"} {
			if strings.HasSuffix(rest, pair[1:]) && strings.Count(rest, pair[:1]) < strings.Count(rest, pair[1:]) {
				rest = rest[:len(rest)-1]
			}
		}
		if rest == text {
			return text
		}
		text = rest
	}
}
