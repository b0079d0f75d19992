package screen

import (
	"encoding/binary"
	"unicode/utf8"
)

// MaxHistory is the number of lines the scrollback holds. Lines of hostile
// content (every cell another style) are dropped earlier, at 32 MiB in all.
const MaxHistory = 10000

const maxHistoryBytes = 32 << 20

// A kept line is its text in UTF-8 with two kinds of marks in it. Neither
// occurs in a cell.
const (
	styleMark   = 1 // then FG, BG (4 bytes each) and Attr (2)
	combineMark = 2 // then a rune that combines with the one before
)

type keptLine struct {
	data    []byte
	wrapped bool
}

// history is a ring of the lines that left the main screen at its top. Line n
// is at n modulo the ring's size; end is the number of the next line.
type history struct {
	ring  []keptLine
	count int
	end   int64
	bytes int
}

func (h *history) first() int64 { return h.end - int64(h.count) }

func (h *history) slot(n int64) *keptLine { return &h.ring[n%MaxHistory] }

// push keeps a copy of l as the newest line.
func (h *history) push(l *line) {
	if h.count == MaxHistory {
		h.dropOldest()
	}
	if i := int(h.end % MaxHistory); i >= len(h.ring) {
		for len(h.ring) <= i {
			h.ring = append(h.ring, keptLine{})
		}
	}
	k := h.slot(h.end)
	h.bytes -= cap(k.data)
	k.data = encodeCells(k.data[:0], l.text())
	if cap(k.data) > 2*len(k.data)+128 {
		k.data = append(make([]byte, 0, len(k.data)), k.data...)
	}
	k.wrapped = l.wrapped
	h.bytes += cap(k.data)
	h.end++
	h.count++
	for h.bytes > maxHistoryBytes && h.count > 1 {
		h.forgetOldest()
	}
}

// dropOldest makes room in the ring and leaves the line's buffer to its
// successor.
func (h *history) dropOldest() { h.count-- }

// forgetOldest gives the line's memory back as well.
func (h *history) forgetOldest() {
	k := h.slot(h.first())
	h.bytes -= cap(k.data)
	*k = keptLine{}
	h.count--
}

// pop takes the newest line back, as cells for a row of cols.
func (h *history) pop(cols int) *line {
	l := newLine(cols)
	cells, wrapped := h.line(h.end-1, nil)
	l.used = copy(l.cells, cells)
	l.wrapped = wrapped
	h.end--
	h.count--
	return l
}

func (h *history) clear() {
	*h = history{end: h.end}
}

func (h *history) line(n int64, dst []Cell) (cells []Cell, wrapped bool) {
	if n < h.first() || n >= h.end {
		return dst, false
	}
	k := h.slot(n)
	return decodeCells(dst, k.data), k.wrapped
}

func encodeCells(dst []byte, cells []Cell) []byte {
	var style Cell
	for i := range cells {
		c := &cells[i]
		if c.Part == WideRight {
			continue
		}
		if !c.sameStyle(&style) {
			style = *c
			dst = append(dst, styleMark)
			dst = binary.LittleEndian.AppendUint32(dst, uint32(c.FG))
			dst = binary.LittleEndian.AppendUint32(dst, uint32(c.BG))
			dst = binary.LittleEndian.AppendUint16(dst, uint16(c.Attr))
		}
		switch {
		case c.Rune == 0:
			dst = append(dst, ' ')
		case c.Rune < utf8.RuneSelf:
			dst = append(dst, byte(c.Rune))
		default:
			dst = utf8.AppendRune(dst, c.Rune)
		}
		for _, m := range c.Marks {
			if m != 0 {
				dst = utf8.AppendRune(append(dst, combineMark), m)
			}
		}
	}
	return dst
}

func decodeCells(dst []Cell, data []byte) []Cell {
	var pen Cell
	for i := 0; i < len(data); {
		switch data[i] {
		case styleMark:
			pen.FG = Color(binary.LittleEndian.Uint32(data[i+1:]))
			pen.BG = Color(binary.LittleEndian.Uint32(data[i+5:]))
			pen.Attr = Attr(binary.LittleEndian.Uint16(data[i+9:]))
			i += 11
		case combineMark:
			m, size := utf8.DecodeRune(data[i+1:])
			last := len(dst) - 1
			if dst[last].Part == WideRight {
				last--
			}
			dst[last].combine(m)
			i += 1 + size
		default:
			r, size := utf8.DecodeRune(data[i:])
			c := pen
			c.Rune = r
			if runeWidth(r) == 2 {
				right := pen
				right.Part = WideRight
				c.Part = WideLeft
				dst = append(dst, c, right)
			} else {
				dst = append(dst, c)
			}
			i += size
		}
	}
	return dst
}

// combine adds a mark; beyond two they are dropped.
func (c *Cell) combine(m rune) {
	for i := range c.Marks {
		if c.Marks[i] == 0 {
			c.Marks[i] = m
			return
		}
	}
}
