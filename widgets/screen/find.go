package screen

import (
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// MaxQuery is the maximum length of a query in characters; the rest is ignored.
const MaxQuery = 200

// A Query is a text to search for. The zero Query matches nothing.
type Query struct {
	text       []rune
	ignoreCase bool
}

// NewQuery returns a query for text, case-sensitive if matchCase is set.
func NewQuery(text string, matchCase bool) Query {
	q := Query{text: []rune(norm.NFC.String(text)), ignoreCase: !matchCase}
	q.text = q.text[:min(len(q.text), MaxQuery)]
	for i, r := range q.text {
		q.text[i] = q.foldCase(r)
	}
	return q
}

// Empty reports whether the query matches nothing.
func (q Query) Empty() bool { return len(q.text) == 0 }

func (q Query) foldCase(r rune) rune {
	if q.ignoreCase {
		return unicode.ToLower(r)
	}
	return r
}

// Find appends to found the matches that begin in the lines from first up to, not including,
// end, in order. Wrapped text is matched across rows. Matches do not overlap.
func (s *Screen) Find(q Query, first, end int64, found []Range) []Range {
	if q.Empty() {
		return found
	}
	oldest, all := s.Lines()
	f := lineMatcher{screen: s, query: q}
	for n := max(first, oldest); n < min(end, all); n++ {
		f.load(n, all)
		for at := 0; at < f.lineLength; at++ {
			if !f.matches(at) {
				continue
			}
			last := len(q.text) - 1 + at
			r := Range{From: f.positions[at], To: f.positions[last]}
			r.To.Col += runeWidth(f.text[last])
			if len(found) == 0 || !r.From.Before(found[len(found)-1].To) {
				found = append(found, r)
			}
		}
	}
	return found
}

// lineMatcher holds a line and the text after it that a match beginning in the line can reach.
type lineMatcher struct {
	screen     *Screen
	query      Query
	cells      []Cell
	text       []rune // with case folded, if the query ignores case
	positions  []Pos  // of each rune in text
	lineLength int    // number of runes in the line itself
}

func (f *lineMatcher) load(n, end int64) {
	f.text, f.positions = f.text[:0], f.positions[:0]
	wrapped := f.appendLine(n)
	f.lineLength = len(f.text)
	for n++; wrapped && n < end && len(f.text) < f.lineLength+len(f.query.text)-1; n++ {
		wrapped = f.appendLine(n)
	}
}

// appendLine appends the text of line n and reports whether it continues in the next line.
func (f *lineMatcher) appendLine(n int64) (wrapped bool) {
	f.cells, wrapped = f.screen.Line(n, f.cells[:0])
	for col := range f.cells {
		if c := &f.cells[col]; c.Part != WideRight {
			f.text = append(f.text, f.query.foldCase(c.Shown()))
			f.positions = append(f.positions, Pos{Line: n, Col: col})
		}
	}
	missing := f.screen.cols - len(f.cells)
	if !wrapped || missing == 1 && f.screen.startsWide(n+1) {
		return wrapped
	}
	for col := len(f.cells); col < f.screen.cols; col++ {
		f.text = append(f.text, ' ')
		f.positions = append(f.positions, Pos{Line: n, Col: col})
	}
	return wrapped
}

func (f *lineMatcher) matches(at int) bool {
	if len(f.text)-at < len(f.query.text) {
		return false
	}
	for i, r := range f.query.text {
		if f.text[at+i] != r {
			return false
		}
	}
	return true
}

// Shown returns the cell's rune, composed with its first mark if Unicode has a character for
// both, or a space for an empty cell.
func (c *Cell) Shown() rune {
	switch {
	case c.Rune == 0:
		return ' '
	case c.Marks[0] == 0:
		return c.Rune
	}
	return []rune(norm.NFC.String(string([]rune{c.Rune, c.Marks[0]})))[0]
}
