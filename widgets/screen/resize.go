package screen

// Resize changes the size, clamped to 1..MaxCols by 1..MaxRows. At a new width, the main screen
// and the scrollback are rewrapped without loss; the alternate screen is cut or extended,
// because its program redraws it.
func (s *Screen) Resize(cols, rows int) {
	cols, rows = clamp(cols, 1, MaxCols), clamp(rows, 1, MaxRows)
	if cols == s.cols && rows == s.rows {
		return
	}
	at := &s.cur
	if s.page == &s.alt {
		at = &s.main.saved
	}
	s.resizeMain(cols, rows, at)
	s.resizeAlternate(cols, rows)

	tabs := defaultTabs(cols)
	copy(tabs, s.tabs)
	s.tabs = tabs
	s.cols, s.rows = cols, rows
	s.regionTop, s.regionEnd = 0, rows
	for _, c := range []*cursor{&s.cur, &s.main.saved, &s.alt.saved} {
		c.x, c.y = clamp(c.x, 0, cols-1), clamp(c.y, 0, rows-1)
		c.wrap = c.wrap && c.x == cols-1
	}
}

func (b *buffer) resizeAlternate(cols, rows int) {
	lines := b.alt.lines
	for len(lines) < rows {
		lines = append(lines, newLine(cols))
	}
	lines = lines[:rows]
	for _, l := range lines {
		l.resize(cols)
	}
	b.alt.lines = lines
}

func (b *buffer) resizeMain(cols, rows int, at *cursor) {
	content := contentRows(b.main.lines, at.y)
	full := content == b.rows
	lines := b.main.lines[:content]
	if cols != b.cols {
		lines = b.rewrap(lines, cols, at)
	}
	for len(lines) > rows {
		b.history.push(lines[0])
		lines = lines[1:]
		at.y--
	}
	if full && b.history.count > 0 && len(lines) < rows {
		n := min(rows-len(lines), b.history.count)
		lines = append(b.popLines(n, cols), lines...)
		at.y += n
	}
	b.main.lines = make([]*line, rows)
	for i := copy(b.main.lines, lines); i < rows; i++ {
		b.main.lines[i] = newLine(cols)
	}
}

// contentRows returns the number of rows down to the last one with text or the cursor.
func contentRows(lines []*line, cursorRow int) int {
	n := len(lines)
	for n > cursorRow+1 && n > 1 && len(lines[n-1].text()) == 0 {
		n--
	}
	return n
}

// popLines removes the n newest lines from the scrollback, and returns them oldest first.
func (b *buffer) popLines(n, cols int) []*line {
	lines := make([]*line, n)
	for i := n - 1; i >= 0; i-- {
		lines[i] = b.history.pop(cols)
	}
	return lines
}

// rewrap wraps the scrollback and the given rows of the screen at cols, moves the cursor with
// its character, and returns the rows that replace the given ones.
func (b *buffer) rewrap(lines []*line, cols int, at *cursor) []*line {
	w := lineWrapper{cols: cols, oldCols: b.cols, cursor: -1}
	w.history.end = b.history.end
	var cells []Cell
	for n := b.history.first(); n < b.history.end; n++ {
		var wrapped bool
		cells, wrapped = b.history.line(n, cells[:0])
		w.dropFiller(cells)
		w.addRow(cells, wrapped)
	}
	top := w.history.end
	for i, l := range lines {
		w.dropFiller(l.text())
		if i == at.y {
			w.cursor = len(w.pending) + at.x
			if at.wrap {
				w.cursor++
			}
		}
		w.addRow(l.text(), l.wrapped)
	}
	w.flush()
	b.history = w.history

	top = max(top, b.history.first())
	at.y = max(0, int(w.cursorLine-top))
	at.x = min(w.cursorCol, cols-1)
	at.wrap = w.cursorCol >= cols
	return b.popLines(int(b.history.end-top), cols)
}

// lineWrapper wraps lines at a new width. It holds the cells of one unwrapped line.
type lineWrapper struct {
	cols, oldCols int
	history       history // the result
	pending       []Cell  // of an unfinished line
	started       bool    // there is an unfinished line, though rest may be empty
	cursor        int     // its offset in rest, or -1
	cursorLine    int64
	cursorCol     int
}

// dropFiller removes the blank at the end of the previous row if it is there only because the
// wide character at the start of next did not fit.
func (w *lineWrapper) dropFiller(next []Cell) {
	last := len(w.pending) - 1
	if last >= 0 && w.pending[last] == (Cell{}) && len(next) > 0 && next[0].Part == WideLeft {
		w.pending = w.pending[:last]
		w.cursor = min(w.cursor, last)
	}
}

// addRow adds one row of the old width.
func (w *lineWrapper) addRow(cells []Cell, wrapped bool) {
	w.started = true
	if w.cols < 2 {
		cells = replaceWide(cells)
	}
	w.pending = append(w.pending, cells...)
	if !wrapped {
		w.flush()
		return
	}
	for i := len(cells); i < w.oldCols; i++ {
		w.pending = append(w.pending, Cell{})
	}
	for len(w.pending) > w.cols {
		w.emitRow(true)
	}
}

// replaceWide replaces wide characters, which do not fit into a single column.
func replaceWide(cells []Cell) []Cell {
	out := make([]Cell, 0, len(cells))
	for _, c := range cells {
		switch c.Part {
		case WideLeft:
			c.Rune, c.Part = '\ufffd', Whole
		case WideRight:
			c = Cell{}
		case Whole:
		}
		out = append(out, c)
	}
	return out
}

// flush ends the unwrapped line.
func (w *lineWrapper) flush() {
	if !w.started {
		return
	}
	for len(w.pending) > w.cols {
		w.emitRow(true)
	}
	w.emitRow(false)
	w.started = false
}

// emitRow adds one row of the new width to the result.
func (w *lineWrapper) emitRow(wrapped bool) {
	n := min(len(w.pending), w.cols)
	if n > 1 && n < len(w.pending) && w.pending[n].Part == WideRight {
		n--
	}
	if w.cursor >= 0 {
		if w.cursor < n || !wrapped {
			w.cursorLine, w.cursorCol = w.history.end, w.cursor
			w.cursor = -1
		} else {
			w.cursor -= n
		}
	}
	w.history.push(&line{cells: w.pending[:n], used: n, wrapped: wrapped})
	w.pending = w.pending[:copy(w.pending, w.pending[n:])]
}
