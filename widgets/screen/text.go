package screen

import (
	"strings"
	"unicode"
)

// A Pos is a position in the text: cell Col of line Line, numbered as in Lines.
type Pos struct {
	Line int64
	Col  int
}

// Before reports whether p comes before q.
func (p Pos) Before(q Pos) bool {
	return p.Line < q.Line || p.Line == q.Line && p.Col < q.Col
}

// A Range is the text from From up to, not including, To.
type Range struct{ From, To Pos }

// Empty reports whether the range contains nothing.
func (r Range) Empty() bool { return !r.From.Before(r.To) }

// columnsOfLine returns the cells of line n that are in the range: from up to, not including, to.
func (r Range) columnsOfLine(n int64, cols int) (from, to int) {
	if r.Empty() || n < r.From.Line || n > r.To.Line {
		return 0, 0
	}
	from, to = 0, cols
	if n == r.From.Line {
		from = clamp(r.From.Col, 0, cols)
	}
	if n == r.To.Line {
		to = clamp(r.To.Col, 0, cols)
	}
	return from, to
}

// All returns the range of the scrollback and the screen.
func (s *Screen) All() Range {
	first, end := s.Lines()
	return Range{From: Pos{Line: first}, To: Pos{Line: end}}
}

// Text returns the text in the range for copying: wrapped rows are joined, and trailing blanks
// and empty lines are removed.
func (s *Screen) Text(r Range) string {
	first, end := s.Lines()
	var text strings.Builder
	var cells []Cell
	newlines := 0
	for n := max(first, r.From.Line); n < end && n <= r.To.Line; n++ {
		var wrapped bool
		cells, wrapped = s.Line(n, cells[:0])
		from, to := r.columnsOfLine(n, s.cols)
		if from >= to && n == r.To.Line {
			break
		}
		part := cells[min(from, len(cells)):min(to, len(cells))]
		if len(part) > 0 {
			for ; newlines > 0; newlines-- {
				text.WriteByte('\n')
			}
			writeCells(&text, part)
		}
		switch {
		case !wrapped:
			newlines++
		case to == s.cols:
			pad := s.cols - max(len(cells), from)
			if pad > 1 {
				text.WriteString(strings.Repeat(" ", pad))
			} else if pad == 1 && !s.startsWide(n+1) {
				text.WriteByte(' ')
			}
		}
	}
	return text.String()
}

func (b *buffer) startsWide(n int64) bool {
	cells, _ := b.Line(n, nil)
	return len(cells) > 0 && cells[0].Part == WideLeft
}

func writeCells(text *strings.Builder, cells []Cell) {
	for _, c := range cells {
		if c.Part == WideRight {
			continue
		}
		if c.Rune == 0 {
			c.Rune = ' '
		}
		text.WriteRune(c.Rune)
		for _, m := range c.Marks {
			if m != 0 {
				text.WriteRune(m)
			}
		}
	}
}

// WordAt returns the word, path or URL at p within its line, or an empty range on a blank.
func (s *Screen) WordAt(p Pos) Range {
	cells, _ := s.Line(p.Line, nil)
	in := func(col int) bool {
		if col < 0 || col >= len(cells) {
			return false
		}
		c := cells[col]
		if c.Part == WideRight {
			return true
		}
		return unicode.IsLetter(c.Rune) || unicode.IsDigit(c.Rune) ||
			c.Rune != 0 && strings.ContainsRune("-_./:~@%+#?&=,", c.Rune)
	}
	from, to := p.Col, p.Col
	for in(from - 1) {
		from--
	}
	for in(to) {
		to++
	}
	if !in(p.Col) {
		from, to = p.Col, p.Col
	}
	return Range{From: Pos{p.Line, from}, To: Pos{p.Line, to}}
}
