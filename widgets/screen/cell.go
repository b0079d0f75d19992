package screen

// A Color is the default color (the zero value), a palette entry, or a 24-bit color.
type Color uint32

const (
	paletteColor Color = 1 << 24
	rgbColor     Color = 2 << 24
)

// Palette returns entry i of the 256-color palette: 0–7 normal, 8–15 bright, 16–231 the 6×6×6
// cube, 232–255 grays.
func Palette(i uint8) Color { return paletteColor | Color(i) }

// RGB returns a 24-bit color.
func RGB(r, g, b uint8) Color {
	return rgbColor | Color(r)<<16 | Color(g)<<8 | Color(b)
}

// Index returns the palette entry if c is one.
func (c Color) Index() (i uint8, ok bool) { return uint8(c), c&paletteColor != 0 }

// RGB returns the components if c is a 24-bit color.
func (c Color) RGB() (r, g, b uint8, ok bool) {
	return uint8(c >> 16), uint8(c >> 8), uint8(c), c&rgbColor != 0
}

// Attr is a set of drawing attributes.
type Attr uint16

// Attributes of a cell. Every style of underline is Underline. Marked and the following ones
// are set only by a [Differ], never by a guest.
const (
	Bold Attr = 1 << iota
	Dim
	Italic
	Underline
	Blink
	Inverse
	Conceal
	Strike
	Marked       // selected
	Found        // matches the search
	FoundCurrent // is the current match
)

// Part is the part of a character that a cell shows.
type Part uint8

// A wide character takes two adjacent cells of a row: WideLeft, which contains the rune, and
// WideRight, which is empty.
const (
	Whole Part = iota
	WideLeft
	WideRight
)

// A Cell is one position of the screen. The zero Cell is blank in the default colors.
type Cell struct {
	Rune  rune    // 0 if nothing was written
	Marks [2]rune // combining marks drawn over Rune, or 0
	FG    Color
	BG    Color
	Attr  Attr
	Part  Part
}

func (c *Cell) sameStyle(o *Cell) bool {
	return c.FG == o.FG && c.BG == o.BG && c.Attr == o.Attr
}

// isBlank reports whether the cell looks like the zero Cell.
func (c *Cell) isBlank() bool {
	return (c.Rune == 0 || c.Rune == ' ') && c.Marks[0] == 0 && c.BG == 0 &&
		c.Attr&(Inverse|Underline|Strike) == 0 && c.Part == Whole
}

// line is one row. Cells from used on are zero, so that the cost of clearing and storing short
// lines depends on their text, not on the width.
type line struct {
	cells   []Cell
	used    int
	wrapped bool // the text continues in the next row
}

func newLine(cols int) *line { return &line{cells: make([]Cell, cols)} }

// clear blanks l with the background bg.
func (l *line) clear(bg Color) {
	l.wrapped = false
	l.erase(0, len(l.cells), bg)
}

// erase blanks the cells from..to-1, and the other half of a wide character at either edge.
func (l *line) erase(from, to int, bg Color) {
	if from >= to {
		return
	}
	l.split(from)
	l.split(to)
	if bg == 0 {
		if to >= l.used {
			to = l.used
			l.used = min(l.used, from)
		}
		if from < to {
			clear(l.cells[from:to])
		}
		return
	}
	blank := Cell{BG: bg}
	for i := from; i < to; i++ {
		l.cells[i] = blank
	}
	l.used = max(l.used, to)
}

// split blanks a wide character that straddles the left edge of cell x.
func (l *line) split(x int) {
	if x <= 0 || x >= l.used || l.cells[x].Part != WideRight {
		return
	}
	bg := l.cells[x].BG
	l.cells[x-1] = Cell{BG: bg}
	l.cells[x] = Cell{BG: bg}
}

// insert moves the cells from x on to the right by n; cells pushed out of the row are lost.
func (l *line) insert(x, n int, bg Color) {
	n = min(n, len(l.cells)-x)
	l.split(x)
	l.split(len(l.cells) - n)
	copy(l.cells[x+n:], l.cells[x:])
	l.used = min(l.used+n, len(l.cells))
	for i := x; i < x+n; i++ {
		l.cells[i] = Cell{BG: bg}
	}
	l.used = max(l.used, x+n)
	l.wrapped = false
}

// remove deletes n cells at x; the following ones move left.
func (l *line) remove(x, n int, bg Color) {
	n = min(n, len(l.cells)-x)
	l.split(x)
	l.split(x + n)
	copy(l.cells[x:], l.cells[x+n:])
	end := len(l.cells)
	for i := end - n; i < end; i++ {
		l.cells[i] = Cell{BG: bg}
	}
	if bg != 0 {
		l.used = end
	}
	l.wrapped = false
}

// resize changes the width.
func (l *line) resize(cols int) {
	switch {
	case cols < len(l.cells):
		l.split(cols)
		l.cells = append([]Cell(nil), l.cells[:cols]...)
		l.used = min(l.used, cols)
	case cols > len(l.cells):
		cells := make([]Cell, cols)
		copy(cells, l.cells)
		l.cells = cells
	}
}

// text returns the cells up to the last visible one.
func (l *line) text() []Cell {
	n := l.used
	for n > 0 && l.cells[n-1].isBlank() {
		n--
	}
	return l.cells[:n]
}
