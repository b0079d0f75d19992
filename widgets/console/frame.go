package console

import (
	"time"

	"fyne.io/fyne/v2/widget"

	"vmterminal/widgets/screen"
)

const (
	frameEvery = time.Second / 30
	// The UI gets as long a rest as a picture takes it, but never longer than
	// this: under a flood it stays free for other things.
	longestRest = 300 * time.Millisecond
	// A guest that holds the picture (mode 2026) and forgets to release it
	// gets it drawn after this time.
	longestHold = 150 * time.Millisecond
)

// frames is when the next picture is made. There is at most one on its way.
type frames struct {
	coming bool // a picture is scheduled, or on its way to the UI
	dirty  bool // something changed since it was made
	last   time.Time
	took   time.Duration // from handing over the last picture until it was applied
	held   time.Time     // since when the guest holds the picture, or zero
}

// picture is what one frame changes.
type picture struct {
	rows   []pictureRow
	height int
	cursor cursorPicture
	title  string
	colors colors
	below  bool // text has come below the view
	back   bool // the background is the foreground's colour (reverse video)
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
	cells    int // its width
	live     bool
}

// touch asks for a frame. The caller holds mu.
func (c *Console) touch() {
	c.frames.dirty = true
	if c.frames.coming {
		return
	}
	c.frames.coming = true
	rest := max(frameEvery, min(c.frames.took, longestRest))
	time.AfterFunc(rest-time.Since(c.frames.last), c.frame)
}

// changed is touch for new text. The caller holds mu.
func (c *Console) changed() {
	c.below = !c.follow
	c.textChanged()
	c.touch()
}

// redraw asks for a frame with every row in it. The caller holds mu.
func (c *Console) redraw() {
	c.differ.Reset()
	c.touch()
}

// frame makes a picture and hands it to the UI.
func (c *Console) frame() {
	c.mu.Lock()
	if wait := c.hold(); wait > 0 {
		c.mu.Unlock()
		time.AfterFunc(wait, c.frame)
		return
	}
	c.frames.dirty = false
	p := c.paint()
	same := len(p.rows) == 0 && p.height == c.shown.height && p.cursor == c.shown.cursor &&
		p.title == c.shown.title && p.back == c.shown.back && p.below == c.shown.below
	c.shown = p
	c.shown.rows = nil
	if same {
		c.frames.coming = false
		c.frames.last = time.Now()
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	handed := time.Now()
	c.onUI(func() {
		c.apply(p)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.frames.coming = false
		c.frames.last = time.Now()
		c.frames.took = time.Since(handed)
		if c.frames.dirty {
			c.touch()
		}
	})
}

// hold tells how long to wait for the guest to finish its picture.
func (c *Console) hold() time.Duration {
	if !c.model.Modes().Holding {
		c.frames.held = time.Time{}
		return 0
	}
	if c.frames.held.IsZero() {
		c.frames.held = time.Now()
	}
	left := longestHold - time.Since(c.frames.held)
	return min(left, frameEvery)
}

// paint makes the picture of what is to be shown now. The caller holds mu.
func (c *Console) paint() picture {
	modes := c.model.Modes()
	_, rows := c.model.Size()
	top := c.viewTop()
	c.below = c.below && !c.follow
	live := c.link != nil
	if modes.ReverseVideo != c.styles.reverse || live != c.styles.live {
		c.styles.reverse, c.styles.live = modes.ReverseVideo, live
		c.styles.forget()
		c.differ.Reset()
	}
	p := picture{height: rows, title: c.model.Title(), colors: c.styles.colors, below: c.below, back: modes.ReverseVideo}
	for _, change := range c.differ.Diff(c.model, top, c.marks(top)...) {
		p.rows = append(p.rows, c.styles.row(change))
	}
	_, end := c.model.Lines()
	col, row := c.model.Cursor()
	cell := c.model.Cell(col, row)
	if cell.Part == screen.WideRight {
		col--
		cell = c.model.Cell(col, row)
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

// viewTop is the line at the top of the view. The caller holds mu.
func (c *Console) viewTop() int64 {
	first, end := c.model.Lines()
	_, rows := c.model.Size()
	bottom := end - int64(rows)
	if c.top >= bottom || c.model.Modes().Alternate {
		c.follow = true
	}
	if c.follow {
		c.top = bottom
	}
	c.top = max(c.top, first)
	return c.top
}

// apply draws a picture. It runs on the UI goroutine.
func (c *Console) apply(p picture) {
	if p.title != c.title {
		c.title = p.title
		if c.OnTitle != nil {
			c.OnTitle(p.title)
		}
	}
	if p.below != c.told {
		c.told = p.below
		if c.OnBelow != nil {
			c.OnBelow(p.below)
		}
	}
	if c.grid == nil {
		return
	}
	for _, r := range p.rows {
		c.grid.SetRow(r.row, widget.TextGridRow{Cells: r.cells})
	}
	for row := p.height; row < c.gridRows; row++ {
		c.grid.SetRow(row, widget.TextGridRow{})
	}
	if len(p.rows) > 0 || p.height != c.gridRows {
		c.grid.Refresh()
	}
	c.gridRows = p.height
	c.drawBehind(p)
	c.drawCursor(p)
}
