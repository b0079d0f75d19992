package screen

// A Color is the guest's default colour (the zero value), one of 256 palette
// entries, or a 24-bit colour.
type Color uint32

const (
	paletteColor Color = 1 << 24
	rgbColor     Color = 2 << 24
)

// Palette is entry i of the 256 colours: 0–7 plain, 8–15 bright, 16–231 the
// 6×6×6 cube, 232–255 greys.
func Palette(i uint8) Color { return paletteColor | Color(i) }

// RGB is a 24-bit colour.
func RGB(r, g, b uint8) Color {
	return rgbColor | Color(r)<<16 | Color(g)<<8 | Color(b)
}

// Index is the palette entry, if c is one.
func (c Color) Index() (i uint8, ok bool) { return uint8(c), c&paletteColor != 0 }

// RGB are the parts of a 24-bit colour, if c is one.
func (c Color) RGB() (r, g, b uint8, ok bool) {
	return uint8(c >> 16), uint8(c >> 8), uint8(c), c&rgbColor != 0
}

// Attr is a set of the ways a cell is drawn.
type Attr uint16

// What a guest can ask of a cell. Every style of underline is Underline.
// Marked and those after it are never set by a guest: a Differ sets them.
const (
	Bold Attr = 1 << iota
	Dim
	Italic
	Underline
	Blink
	Inverse
	Conceal
	Strike
	Marked    // selected
	Found     // what is looked for
	FoundHere // the one of these that is looked at
)

// Part tells what piece of a character a cell shows.
type Part uint8

// A wide character takes two cells of one row: WideLeft, which has the rune,
// and WideRight, which has none. They always come together.
const (
	Whole Part = iota
	WideLeft
	WideRight
)

// A Cell is one place of the screen. The zero Cell is blank in the default
// colours.
type Cell struct {
	Rune  rune    // 0 is a blank that was never written
	Marks [2]rune // combining marks drawn over Rune; 0 is none
	FG    Color
	BG    Color
	Attr  Attr
	Part  Part
}

func (c *Cell) sameStyle(o *Cell) bool {
	return c.FG == o.FG && c.BG == o.BG && c.Attr == o.Attr
}

// plain tells whether the cell looks like the zero Cell.
func (c *Cell) plain() bool {
	return (c.Rune == 0 || c.Rune == ' ') && c.Marks[0] == 0 && c.BG == 0 &&
		c.Attr&(Inverse|Underline|Strike) == 0 && c.Part == Whole
}

// line is one row. Cells from used on are zero, so that clearing and keeping
// short lines cost what is in them, not the width of the screen.
type line struct {
	cells   []Cell
	used    int
	wrapped bool // the text goes on in the next row
}

func newLine(cols int) *line { return &line{cells: make([]Cell, cols)} }

// clear makes l blank, in the background bg.
func (l *line) clear(bg Color) {
	l.wrapped = false
	l.erase(0, len(l.cells), bg)
}

// erase blanks the cells from..to-1, and the other half of a wide character
// cut by either edge.
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

// split blanks the wide character whose two halves lie on either side of the
// edge before cell x.
func (l *line) split(x int) {
	if x <= 0 || x >= l.used || l.cells[x].Part != WideRight {
		return
	}
	bg := l.cells[x].BG
	l.cells[x-1] = Cell{BG: bg}
	l.cells[x] = Cell{BG: bg}
}

// insert moves the cells from x on n to the right; what leaves the row is
// lost.
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

// remove takes n cells away at x; what was to their right moves left.
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

// resize gives the row another width.
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

// text is the extent of what is to be seen in the row.
func (l *line) text() []Cell {
	n := l.used
	for n > 0 && l.cells[n-1].plain() {
		n--
	}
	return l.cells[:n]
}
