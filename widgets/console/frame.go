package console

import (
	"time"

	"fyne.io/fyne/v2/widget"

	"vmterminal/widgets/screen"
)

const (
	frameEvery = time.Second / 30
	// maxFramePause limits the pause after drawing a picture, which is otherwise as long as the
	// drawing took.
	maxFramePause = 300 * time.Millisecond
	// maxSyncUpdate is how long a guest's synchronized update (mode 2026) can delay drawing.
	maxSyncUpdate = 150 * time.Millisecond
)

// frames turns the state of a console into pictures and schedules their drawing. At most one
// picture is in flight. Its fields are guarded by the console's mu.
type frames struct {
	c      *Console
	differ screen.Differ
	styles styles
	shown  picture // without its rows
	coming bool    // a picture is scheduled or being drawn
	dirty  bool    // something has changed since the last picture was made
	last   time.Time
	took   time.Duration // from handing over the last picture until it was drawn
	held   time.Time     // start of the guest's synchronized update, or zero
}

// picture contains the changes of one frame.
type picture struct {
	rows   []pictureRow
	height int
	cursor cursorPicture
	title  string
	colors colors
	below  bool // there is new text below the view
	back   bool // reverse video: the background has the foreground's color
}

type pictureRow struct {
	row   int
	cells []widget.TextGridCell
	wide  []wideCell
}

type cursorPicture struct {
	shown    bool
	col, row int
	shape    screen.CursorShape
	under    rune
	cells    int // width
	live     bool
}

// touch requests a frame. The caller must hold mu.
func (f *frames) touch() {
	f.dirty = true
	if f.coming {
		return
	}
	f.coming = true
	rest := max(frameEvery, min(f.took, maxFramePause))
	time.AfterFunc(rest-time.Since(f.last), f.frame)
}

// changed requests a frame for new text. The caller must hold mu.
func (f *frames) changed() {
	f.c.below = !f.c.follow
	f.c.finder.textChanged()
	f.touch()
}

// redraw requests a frame of all rows. The caller must hold mu.
func (f *frames) redraw() {
	f.differ.Reset()
	f.touch()
}

// frame makes a picture and passes it to the UI goroutine.
func (f *frames) frame() {
	f.c.mu.Lock()
	if wait := f.hold(); wait > 0 {
		f.c.mu.Unlock()
		time.AfterFunc(wait, f.frame)
		return
	}
	f.dirty = false
	p := f.paint()
	same := len(p.rows) == 0 && p.height == f.shown.height && p.cursor == f.shown.cursor &&
		p.title == f.shown.title && p.back == f.shown.back && p.below == f.shown.below
	f.shown = p
	f.shown.rows = nil
	if same {
		f.coming = false
		f.last = time.Now()
		f.c.mu.Unlock()
		return
	}
	f.c.mu.Unlock()
	handed := time.Now()
	f.c.onUI(func() {
		f.apply(p)
		f.c.mu.Lock()
		defer f.c.mu.Unlock()
		f.coming = false
		f.last = time.Now()
		f.took = time.Since(handed)
		if f.dirty {
			f.touch()
		}
	})
}

// hold returns how long to wait for the guest to end its synchronized update.
func (f *frames) hold() time.Duration {
	if !f.c.model.Modes().Holding {
		f.held = time.Time{}
		return 0
	}
	if f.held.IsZero() {
		f.held = time.Now()
	}
	left := maxSyncUpdate - time.Since(f.held)
	return min(left, frameEvery)
}

// paint makes a picture of the current view. The caller must hold mu.
func (f *frames) paint() picture {
	modes := f.c.model.Modes()
	_, rows := f.c.model.Size()
	top := f.viewTop()
	f.c.below = f.c.below && !f.c.follow
	live := f.c.link != nil
	if modes.ReverseVideo != f.styles.reverse || live != f.styles.live {
		f.styles.reverse, f.styles.live = modes.ReverseVideo, live
		f.styles.forget()
		f.differ.Reset()
	}
	p := picture{height: rows, title: f.c.model.Title(), colors: f.styles.colors, below: f.c.below, back: modes.ReverseVideo}
	for _, change := range f.differ.Diff(f.c.model, top, f.c.marks(top)...) {
		p.rows = append(p.rows, f.styles.row(change))
	}
	_, end := f.c.model.Lines()
	col, row := f.c.model.Cursor()
	cell := f.c.model.Cell(col, row)
	if cell.Part == screen.WideRight {
		col--
		cell = f.c.model.Cell(col, row)
	}
	row += int(end - int64(rows) - top)
	p.cursor = cursorPicture{
		shown: modes.ShowCursor && live && row < rows,
		col:   col, row: row, shape: modes.Cursor, under: drawn(cell.Rune), cells: 1, live: live,
	}
	if cell.Part == screen.WideLeft {
		p.cursor.cells = 2
	}
	return p
}

// viewTop returns the line at the top of the view. The caller must hold mu.
func (f *frames) viewTop() int64 {
	first, end := f.c.model.Lines()
	_, rows := f.c.model.Size()
	bottom := end - int64(rows)
	if f.c.top >= bottom || f.c.model.Modes().Alternate {
		f.c.follow = true
	}
	if f.c.follow {
		f.c.top = bottom
	}
	f.c.top = max(f.c.top, first)
	return f.c.top
}

// apply draws a picture. It runs on the UI goroutine.
func (f *frames) apply(p picture) {
	if p.title != f.c.title {
		f.c.title = p.title
		if f.c.OnTitle != nil {
			f.c.OnTitle(p.title)
		}
	}
	if p.below != f.c.reportedBelow {
		f.c.reportedBelow = p.below
		if f.c.OnBelow != nil {
			f.c.OnBelow(p.below)
		}
	}
	f.c.view.draw(p)
}
