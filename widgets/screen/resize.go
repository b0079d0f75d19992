package screen

// Resize gives the screen another size, clamped to 1..MaxCols by 1..MaxRows.
// The main screen's text and scrollback are wrapped anew at another width and
// nothing of them is lost; the alternate screen is cut or widened, because the
// program that uses it draws it again.
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
	s.top, s.end = 0, rows
	for _, c := range []*cursor{&s.cur, &s.main.saved, &s.alt.saved} {
		c.x, c.y = clamp(c.x, 0, cols-1), clamp(c.y, 0, rows-1)
		c.wrap = c.wrap && c.x == cols-1
	}
}

func (s *Screen) resizeAlternate(cols, rows int) {
	lines := s.alt.lines
	for len(lines) < rows {
		lines = append(lines, newLine(cols))
	}
	lines = lines[:rows]
	for _, l := range lines {
		l.resize(cols)
	}
	s.alt.lines = lines
}

func (s *Screen) resizeMain(cols, rows int, at *cursor) {
	content := contentRows(s.main.lines, at.y)
	full := content == s.rows
	lines := s.main.lines[:content]
	if cols != s.cols {
		lines = s.rewrap(lines, cols, at)
	}
	for len(lines) > rows {
		s.history.push(lines[0])
		lines = lines[1:]
		at.y--
	}
	if full && s.history.count > 0 && len(lines) < rows {
		n := min(rows-len(lines), s.history.count)
		lines = append(s.takeBack(n, cols), lines...)
		at.y += n
	}
	s.main.lines = make([]*line, rows)
	for i := copy(s.main.lines, lines); i < rows; i++ {
		s.main.lines[i] = newLine(cols)
	}
}

// contentRows is the number of rows down to the last that has text or the
// cursor.
func contentRows(lines []*line, cursorRow int) int {
	n := len(lines)
	for n > cursorRow+1 && n > 1 && len(lines[n-1].text()) == 0 {
		n--
	}
	return n
}

// takeBack takes the n newest lines out of the scrollback, oldest first.
func (s *Screen) takeBack(n, cols int) []*line {
	lines := make([]*line, n)
	for i := n - 1; i >= 0; i-- {
		lines[i] = s.history.pop(cols)
	}
	return lines
}

// rewrap breaks scrollback and the given rows of the screen anew at cols,
// moves the cursor along with its character, and returns the rows that take
// the place of those given.
func (s *Screen) rewrap(lines []*line, cols int, at *cursor) []*line {
	w := wrapper{cols: cols, oldCols: s.cols, cursor: -1}
	w.history.end = s.history.end
	var cells []Cell
	for n := s.history.first(); n < s.history.end; n++ {
		var wrapped bool
		cells, wrapped = s.history.line(n, cells[:0])
		w.dropFiller(cells)
		w.add(cells, wrapped)
	}
	top := w.history.end
	for i, l := range lines {
		w.dropFiller(l.text())
		if i == at.y {
			w.cursor = len(w.rest) + at.x
			if at.wrap {
				w.cursor++
			}
		}
		w.add(l.text(), l.wrapped)
	}
	w.flush()
	s.history = w.history

	top = max(top, s.history.first())
	at.y = max(0, int(w.cursorLine-top))
	at.x = min(w.cursorCol, cols-1)
	at.wrap = w.cursorCol >= cols
	return s.takeBack(int(s.history.end-top), cols)
}

// wrapper breaks lines at a new width. It holds one line's worth of cells.
type wrapper struct {
	cols, oldCols int
	history       history // what it made
	rest          []Cell  // of a text line that goes on
	started       bool    // there is a line to end, though rest may be empty
	cursor        int     // its offset in rest, -1 while it is elsewhere
	cursorLine    int64
	cursorCol     int
}

// dropFiller removes the blank that stood at the end of the row before,
// where the wide character that begins next did not fit.
func (w *wrapper) dropFiller(next []Cell) {
	last := len(w.rest) - 1
	if last >= 0 && w.rest[last] == (Cell{}) && len(next) > 0 && next[0].Part == WideLeft {
		w.rest = w.rest[:last]
		w.cursor = min(w.cursor, last)
	}
}

// add takes one row of the old width.
func (w *wrapper) add(cells []Cell, wrapped bool) {
	w.started = true
	if w.cols < 2 {
		cells = narrow(cells)
	}
	w.rest = append(w.rest, cells...)
	if !wrapped {
		w.flush()
		return
	}
	for i := len(cells); i < w.oldCols; i++ {
		w.rest = append(w.rest, Cell{})
	}
	for len(w.rest) > w.cols {
		w.emit(true)
	}
}

// narrow puts the replacement character for wide ones, on a screen of a
// single column.
func narrow(cells []Cell) []Cell {
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

// flush ends the text line.
func (w *wrapper) flush() {
	if !w.started {
		return
	}
	for len(w.rest) > w.cols {
		w.emit(true)
	}
	w.emit(false)
	w.started = false
}

// emit makes one row of the new width.
func (w *wrapper) emit(wrapped bool) {
	n := min(len(w.rest), w.cols)
	if n > 1 && n < len(w.rest) && w.rest[n].Part == WideRight {
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
	w.history.push(&line{cells: w.rest[:n], used: n, wrapped: wrapped})
	w.rest = w.rest[:copy(w.rest, w.rest[n:])]
}
