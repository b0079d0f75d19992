package screen

import (
	"encoding/binary"
	"unicode/utf8"
)

// MaxHistory is the maximum number of lines in the scrollback. The oldest lines are dropped
// earlier if all lines together take more than 32 MiB.
const MaxHistory = 10000

const maxHistoryBytes = 32 << 20

// A stored line is UTF-8 text with two kinds of markers, which do not occur in cells.
const (
	styleMark   = 1 // followed by FG, BG (4 bytes each) and Attr (2)
	combineMark = 2 // followed by a rune that combines with the previous one
)

type storedLine struct {
	data    []byte
	wrapped bool
}

// history is a ring of the lines that scrolled off the main screen. Line n is at n modulo
// the ring's size; end is the number of the next line.
type history struct {
	ring  []storedLine
	count int
	end   int64
	bytes int
}

func (h *history) first() int64 { return h.end - int64(h.count) }

func (h *history) slot(n int64) *storedLine { return &h.ring[n%MaxHistory] }

// push stores a copy of l as the newest line.
func (h *history) push(l *line) {
	if h.count == MaxHistory {
		h.count-- // the new line reuses the oldest one's buffer
	}
	if i := int(h.end % MaxHistory); i >= len(h.ring) {
		for len(h.ring) <= i {
			h.ring = append(h.ring, storedLine{})
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
		h.dropOldest()
	}
}

// dropOldest drops the oldest line with its buffer.
func (h *history) dropOldest() {
	k := h.slot(h.first())
	h.bytes -= cap(k.data)
	*k = storedLine{}
	h.count--
}

// pop removes the newest line and returns it as a row of cols cells.
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

// combine adds a mark; marks beyond two are dropped.
func (c *Cell) combine(m rune) {
	for i := range c.Marks {
		if c.Marks[i] == 0 {
			c.Marks[i] = m
			return
		}
	}
}
