// Package screen is a terminal as a value: it takes the bytes a guest writes
// and keeps what its screen shows, 10,000 lines of what scrolled away, and the
// modes the guest asked for. The semantics are xterm's.
//
// It is the wall between a guest and the window: Write accepts any bytes in
// any pieces, never fails, works a bounded time for each byte and holds a
// bounded amount of memory. Whatever names a file, a folder or the clipboard
// of the host is dropped.
//
// It must never know how anything is drawn, nor where the bytes come from.
package screen

// Limits of a screen. Sizes beyond them are clamped.
const (
	MaxCols = 1000
	MaxRows = 500
	// Piece is how many bytes a caller who holds others up gives to Write at a
	// time. Three bytes can draw a whole screen; so many of them take less than a
	// tenth of a second on the largest one.
	Piece = 256

	maxTitle   = 256     // runes
	maxString  = 4 << 10 // bytes kept of an OSC or DCS; the rest is passed over
	maxReplies = 4 << 10 // bytes of answers nobody has taken yet
	maxParams  = 32      // of one sequence
	maxParam   = 1 << 16 // value of one parameter
	tabEvery   = 8
)

// page is one of the two screens, main and alternate.
type page struct {
	lines []*line
	saved cursor
}

// cursor is what DECSC saves.
type cursor struct {
	x, y    int
	wrap    bool // the last column was written: the next rune goes to the next row
	pen     Cell // Rune and Part are zero
	charset charset
	origin  bool
}

// Screen is the model. It is not safe for use by several goroutines at once.
type Screen struct {
	cols, rows int
	main, alt  page
	page       *page // main or alt
	cur        cursor
	top, end   int // the scrolling region is rows top..end-1
	tabs       []bool
	last       rune // what REP repeats
	modes      Modes
	private    privateModes
	history    history

	parser  parser
	title   string
	bells   uint64
	replies []byte
}

// New makes an empty screen of cols by rows cells.
func New(cols, rows int) *Screen {
	s := &Screen{cols: clamp(cols, 1, MaxCols), rows: clamp(rows, 1, MaxRows)}
	s.main.lines = newLines(s.cols, s.rows)
	s.alt.lines = newLines(s.cols, s.rows)
	s.reset()
	return s
}

// Size is the number of columns and rows.
func (s *Screen) Size() (cols, rows int) { return s.cols, s.rows }

// Cursor is where the cursor stands, counted from 0.
func (s *Screen) Cursor() (col, row int) { return s.cur.x, s.cur.y }

// Title is the window title the guest asked for, free of control characters
// and of at most 256 characters.
func (s *Screen) Title() string { return s.title }

// Bells counts the times the guest rang.
func (s *Screen) Bells() uint64 { return s.bells }

// TakeReplies returns what the guest asked to be told (its cursor's position,
// what terminal this is) since the last call. Replies that nobody takes are
// dropped beyond 4 KiB.
func (s *Screen) TakeReplies() []byte {
	r := s.replies
	s.replies = nil
	return r
}

// Cell is the cell at a place of the screen; a blank one beyond it.
func (s *Screen) Cell(col, row int) Cell {
	if col < 0 || row < 0 || col >= s.cols || row >= s.rows {
		return Cell{}
	}
	return s.page.lines[row].cells[col]
}

// Lines tells which lines exist: first is the oldest in the scrollback, end is
// one past the bottom row of the screen. A line keeps its number for as long
// as it exists and the width of the screen stays the same; the screen is the
// lines end-rows to end-1.
func (s *Screen) Lines() (first, end int64) {
	return s.history.first(), s.history.end + int64(s.rows)
}

// Line appends the cells of line n to dst, without the blank ones at its end;
// wrapped tells that its text goes on in line n+1. A line that does not exist
// is empty.
func (s *Screen) Line(n int64, dst []Cell) (cells []Cell, wrapped bool) {
	if row := n - s.history.end; row >= 0 {
		if row >= int64(s.rows) {
			return dst, false
		}
		l := s.page.lines[row]
		return append(dst, l.text()...), l.wrapped
	}
	return s.history.line(n, dst)
}

// reset is RIS: everything as it was made, but for the scrollback.
func (s *Screen) reset() {
	for _, p := range []*page{&s.main, &s.alt} {
		p.saved = cursor{}
		for _, l := range p.lines {
			l.clear(0)
		}
	}
	s.page = &s.main
	s.cur = cursor{}
	s.top, s.end = 0, s.rows
	s.tabs = defaultTabs(s.cols)
	s.last = 0
	s.modes = Modes{ShowCursor: true, CursorBlinks: true, WheelKeys: true}
	s.private = privateModes{autowrap: true}
	s.title = ""
}

// StartAnew is for another program at the other end: everything is as it was made,
// but what stood on the main screen has joined the scrollback.
func (s *Screen) StartAnew() {
	_, _ = s.Write([]byte{0x18}) // CAN: whatever was begun is not gone on with
	used := s.rows
	for used > 0 && len(s.main.lines[used-1].text()) == 0 {
		used--
	}
	for _, l := range s.main.lines[:used] {
		s.history.push(l)
	}
	s.reset()
}

func newLines(cols, rows int) []*line {
	lines := make([]*line, rows)
	for i := range lines {
		lines[i] = newLine(cols)
	}
	return lines
}

func defaultTabs(cols int) []bool {
	tabs := make([]bool, cols)
	for i := tabEvery; i < cols; i += tabEvery {
		tabs[i] = true
	}
	return tabs
}

func clamp(n, lo, hi int) int { return max(lo, min(n, hi)) }
