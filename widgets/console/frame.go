package console

import (
	"slices"
	"time"

	"fyne.io/fyne/v2/widget"

	"vmterminal/widgets/screen"
)

const (
	frameInterval = time.Second / 30
	// maxFramePause limits the pause after drawing a picture, which is otherwise as long as the
	// drawing took.
	maxFramePause = 300 * time.Millisecond
	// maxSyncUpdate is how long a guest's synchronized update (mode 2026) can delay drawing.
	maxSyncUpdate = 150 * time.Millisecond
)

// frames turns the state of a console into pictures and schedules their drawing. At most one
// picture is in flight. Its fields are guarded by the console's mu.
type frames struct {
	c         *Console
	differ    screen.Differ
	styles    styles
	shown     picture // without its rows
	pending   bool    // a picture is scheduled or being drawn
	dirty     bool    // something has changed since the last picture was made
	lastDrawn time.Time
	drawTime  time.Duration // from handing over the last picture until it was drawn
	syncStart time.Time     // start of the guest's synchronized update, or zero
}

// picture contains the changes of one frame.
type picture struct {
	rows    []pictureRow
	height  int
	cursor  cursorPicture
	title   string
	colors  colors
	below   bool // there is new text below the view
	reverse bool // reverse video: the background has the foreground's color
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

// request schedules a frame. The caller must hold mu.
func (f *frames) request() {
	f.dirty = true
	if f.pending {
		return
	}
	f.pending = true
	interval := max(frameInterval, min(f.drawTime, maxFramePause))
	time.AfterFunc(interval-time.Since(f.lastDrawn), f.render)
}

// textChanged requests a frame for new text. The caller must hold mu.
func (f *frames) textChanged() {
	f.c.below = !f.c.follow
	f.c.finder.textChanged()
	f.request()
}

// textReplaced shows the screen and requests a frame of all rows after the text was replaced. The caller must hold mu.
func (f *frames) textReplaced() {
	f.c.generation++
	f.c.follow = true
	f.c.finder.dropMatches()
	f.redraw()
}

// redraw requests a frame of all rows. The caller must hold mu.
func (f *frames) redraw() {
	f.differ.Reset()
	f.request()
}

// render makes a picture and passes it to the UI goroutine.
func (f *frames) render() {
	f.c.mu.Lock()
	if wait := f.syncUpdateWait(); wait > 0 {
		f.c.mu.Unlock()
		time.AfterFunc(wait, f.render)
		return
	}
	f.dirty = false
	p := f.newPicture()
	same := len(p.rows) == 0 && p.height == f.shown.height && p.cursor == f.shown.cursor &&
		p.title == f.shown.title && p.reverse == f.shown.reverse && p.below == f.shown.below
	f.shown = p
	f.shown.rows = nil
	if same {
		f.pending = false
		f.lastDrawn = time.Now()
		f.c.mu.Unlock()
		return
	}
	f.c.mu.Unlock()
	handedOver := time.Now()
	f.c.onUI(func() {
		f.apply(p)
		f.c.mu.Lock()
		defer f.c.mu.Unlock()
		f.pending = false
		f.lastDrawn = time.Now()
		f.drawTime = time.Since(handedOver)
		if f.dirty {
			f.request()
		}
	})
}

// syncUpdateWait returns how long to wait for the guest to end its synchronized update.
func (f *frames) syncUpdateWait() time.Duration {
	if !f.c.model.Modes().Holding {
		f.syncStart = time.Time{}
		return 0
	}
	if f.syncStart.IsZero() {
		f.syncStart = time.Now()
	}
	left := maxSyncUpdate - time.Since(f.syncStart)
	return min(left, frameInterval)
}

// newPicture makes a picture of the current view. The caller must hold mu.
func (f *frames) newPicture() picture {
	modes := f.c.model.Modes()
	_, rows := f.c.model.Size()
	top := f.viewTop()
	f.c.below = f.c.below && !f.c.follow
	live := f.c.connection != nil
	if modes.ReverseVideo != f.styles.reverse || live != f.styles.live {
		f.styles.reverse, f.styles.live = modes.ReverseVideo, live
		clear(f.styles.cache)
		f.differ.Reset()
	}
	p := picture{height: rows, title: f.c.model.Title(), colors: f.styles.colors, below: f.c.below, reverse: modes.ReverseVideo}
	for _, change := range f.differ.Diff(f.c.model, top, f.marks(top)...) {
		p.rows = append(p.rows, f.styles.gridRow(change))
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
		col:   col, row: row, shape: modes.Cursor, under: substituteGlyph(cell.Rune), cells: 1, live: live,
	}
	if cell.Part == screen.WideLeft {
		p.cursor.cells = 2
	}
	return p
}

// marks returns the selection, the link under the pointer and the matches that are in view. The
// caller must hold mu.
func (f *frames) marks(top int64) []screen.Mark {
	marks := make([]screen.Mark, 0, 8)
	if !f.c.selected.Empty() {
		marks = append(marks, screen.Mark{Range: f.c.selected, Attr: screen.Marked})
	}
	if link := f.c.hovered; !link.Empty() {
		marks = append(marks, screen.Mark{Range: link, Attr: screen.Underline})
	}
	matches := f.c.finder.matches
	_, rows := f.c.model.Size()
	bottom := top + int64(rows)
	// The previous match may extend into the view.
	from, _ := slices.BinarySearchFunc(matches, screen.Range{From: screen.Pos{Line: top}}, compareStart)
	for _, r := range matches[max(0, from-1):] {
		if r.From.Line >= bottom {
			break
		}
		attr := screen.Found
		if r == f.c.finder.current {
			attr = screen.FoundCurrent
		}
		marks = append(marks, screen.Mark{Range: r, Attr: attr})
	}
	return marks
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
