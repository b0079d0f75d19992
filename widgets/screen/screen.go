// Package screen models a terminal: it processes a guest's output and holds the contents of its
// screen, 10,000 lines of scrollback, and the terminal's modes, with the semantics of xterm.
//
// It isolates the window from the guest: Write accepts any bytes in pieces of any size, never
// fails, takes bounded time per byte and uses bounded memory. Sequences that refer to files,
// folders or the clipboard of the host are ignored.
//
// It must not know how the screen is drawn or where the bytes come from.
package screen

// Limits of a screen. Sizes beyond them are clamped.
const (
	MaxCols = 1000
	MaxRows = 500
	// MaxWrite is the number of bytes to pass to Write at a time while others wait. Three bytes
	// can redraw a whole screen; this many bytes take less than a tenth of a second on the
	// largest screen.
	MaxWrite = 256

	maxTitle    = 256     // runes
	maxString   = 4 << 10 // bytes stored of an OSC or DCS; the rest is ignored
	maxReplies  = 4 << 10 // bytes of pending replies
	maxParams   = 32      // of one sequence
	maxParam    = 1 << 16 // value of one parameter
	tabInterval = 8
)

// page is the main or the alternate screen.
type page struct {
	lines []*line
	saved cursor
}

// cursor is the state saved by DECSC.
type cursor struct {
	x, y    int
	wrap    bool // the last column was written: the next rune wraps
	pen     Cell // Rune and Part are zero
	charset charset
	origin  bool
}

// buffer is the text of a screen with its scrollback, and the operations that edit it.
type buffer struct {
	cols, rows           int
	main, alt            page
	page                 *page // main or alt
	cur                  cursor
	regionTop, regionEnd int // the scrolling region is rows top..end-1
	tabs                 []bool
	last                 rune // repeated by REP
	modes                Modes
	private              privateModes
	history              history
}

// Screen is the model of a terminal. It is not safe for concurrent use.
type Screen struct {
	buffer

	parser  parser
	title   string
	bells   uint64
	replies []byte
}

// New returns an empty screen of cols by rows cells.
func New(cols, rows int) *Screen {
	s := &Screen{buffer: buffer{cols: clamp(cols, 1, MaxCols), rows: clamp(rows, 1, MaxRows)}}
	s.main.lines = newLines(s.cols, s.rows)
	s.alt.lines = newLines(s.cols, s.rows)
	s.reset()
	return s
}

// Size returns the number of columns and rows.
func (s *Screen) Size() (cols, rows int) { return s.cols, s.rows }

// Cursor returns the position of the cursor, counted from 0.
func (s *Screen) Cursor() (col, row int) { return s.cur.x, s.cur.y }

// Title returns the window title set by the guest, without control characters and at most 256
// characters long.
func (s *Screen) Title() string { return s.title }

// Bells returns the number of bells so far.
func (s *Screen) Bells() uint64 { return s.bells }

// TakeReplies returns the replies to the guest's queries (cursor position, terminal type) since
// the last call. Pending replies beyond 4 KiB are dropped.
func (s *Screen) TakeReplies() []byte {
	r := s.replies
	s.replies = nil
	return r
}

// Cell returns a cell of the screen, or a blank one outside it.
func (b *buffer) Cell(col, row int) Cell {
	if col < 0 || row < 0 || col >= b.cols || row >= b.rows {
		return Cell{}
	}
	return b.page.lines[row].cells[col]
}

// Lines returns the range of existing lines: first is the oldest one in the scrollback, end is
// one past the bottom row of the screen. The screen consists of lines end-rows to end-1. A line
// keeps its number while it exists and the width does not change.
func (b *buffer) Lines() (first, end int64) {
	return b.history.first(), b.history.end + int64(b.rows)
}

// Line appends the cells of line n to dst, without trailing blanks. wrapped reports whether the
// text continues in line n+1. A line that does not exist is empty.
func (b *buffer) Line(n int64, dst []Cell) (cells []Cell, wrapped bool) {
	if row := n - b.history.end; row >= 0 {
		if row >= int64(b.rows) {
			return dst, false
		}
		l := b.page.lines[row]
		return append(dst, l.text()...), l.wrapped
	}
	return b.history.line(n, dst)
}

// reset executes RIS: it resets everything except the scrollback.
func (s *Screen) reset() {
	for _, p := range []*page{&s.main, &s.alt} {
		p.saved = cursor{}
		for _, l := range p.lines {
			l.clear(0)
		}
	}
	s.page = &s.main
	s.cur = cursor{}
	s.regionTop, s.regionEnd = 0, s.rows
	s.tabs = defaultTabs(s.cols)
	s.last = 0
	s.modes = Modes{ShowCursor: true, CursorBlinks: true, WheelKeys: true}
	s.private = privateModes{autowrap: true}
	s.title = ""
}

// StartProgram prepares for another program: everything is reset, and the main screen becomes
// scrollback.
func (s *Screen) StartProgram() {
	_, _ = s.Write([]byte{0x18}) // CAN: ends an unfinished sequence
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
	for i := tabInterval; i < cols; i += tabInterval {
		tabs[i] = true
	}
	return tabs
}

func clamp(n, lo, hi int) int { return max(lo, min(n, hi)) }
