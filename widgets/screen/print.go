package screen

import "bytes"

// print puts one rune at the cursor.
func (s *Screen) print(r rune) {
	if r < 0x80 && !s.cur.charset.plain() {
		r = s.cur.charset.translate(r)
	} else if r >= 0x80 && r < 0xa0 {
		return // 8-bit controls are not used in UTF-8
	}
	w := runeWidth(r)
	if w == 0 {
		s.combine(r)
		return
	}
	if w == 2 && s.cols < 2 {
		r, w = 0xfffd, 1
	}
	s.wrapIfPending()
	if s.cur.x+w > s.cols { // half a place left for a wide character
		if s.private.autowrap {
			s.wrap()
		} else {
			s.cur.x = s.cols - w
		}
	}
	l, x := s.page.lines[s.cur.y], s.cur.x
	if s.private.insert {
		l.insert(x, w, s.cur.pen.BG)
	}
	l.split(x)
	l.split(x + w)
	c := s.cur.pen
	c.Rune = r
	if w == 2 {
		right := s.cur.pen
		right.Part = WideRight
		l.cells[x+1] = right
		c.Part = WideLeft
	}
	l.cells[x] = c
	l.used = max(l.used, x+w)
	s.last = r
	s.advance(x + w)
}

// printASCII is print for a run of plain ASCII, which is most of all output.
func (s *Screen) printASCII(b []byte) {
	if s.private.insert || !s.cur.charset.plain() {
		for _, c := range b {
			s.print(rune(c))
		}
		return
	}
	s.last = rune(b[len(b)-1])
	for len(b) > 0 {
		s.wrapIfPending()
		x := s.cur.x
		if !s.private.autowrap && len(b) > s.cols-x { // all the rest lands on the last cell
			s.fill(b[:s.cols-x])
			s.fillAt(s.cols-1, b[len(b)-1:])
			return
		}
		n := min(len(b), s.cols-x)
		s.fill(b[:n])
		b = b[n:]
	}
}

// fill writes a run that fits in the row.
func (s *Screen) fill(b []byte) {
	s.fillAt(s.cur.x, b)
	s.advance(s.cur.x + len(b))
}

func (s *Screen) fillAt(x int, b []byte) {
	l := s.page.lines[s.cur.y]
	l.split(x)
	l.split(x + len(b))
	cells := l.cells[x : x+len(b)]
	pen := s.cur.pen
	for i, c := range b {
		pen.Rune = rune(c)
		cells[i] = pen
	}
	l.used = max(l.used, x+len(b))
}

// advance moves the cursor to column x, or leaves it on the last with the
// wrap pending.
func (s *Screen) advance(x int) {
	if x >= s.cols {
		s.cur.x, s.cur.wrap = s.cols-1, true
		return
	}
	s.cur.x = x
}

func (s *Screen) wrapIfPending() {
	if !s.cur.wrap {
		return
	}
	s.cur.wrap = false
	if s.private.autowrap {
		s.wrap()
	}
}

func (s *Screen) wrap() {
	s.page.lines[s.cur.y].wrapped = true
	s.cur.x, s.cur.wrap = 0, false
	s.lineFeed()
}

// combine adds a mark to the character before the cursor.
func (s *Screen) combine(m rune) {
	l, x := s.page.lines[s.cur.y], s.cur.x-1
	if s.cur.wrap {
		x++
	}
	if x > 0 && l.cells[x].Part == WideRight {
		x--
	}
	if x < 0 || x >= l.used {
		return
	}
	l.cells[x].combine(m)
}

// repeat is REP: the last rune again. A whole screen of it is all that can be
// told apart.
func (s *Screen) repeat(n int) {
	n = min(n, s.cols*s.rows)
	if s.last > 0 && s.last < 0x80 {
		run := bytes.Repeat([]byte{byte(s.last)}, min(n, s.cols))
		for ; n > 0; n -= len(run) {
			s.printASCII(run[:min(n, len(run))])
		}
		return
	}
	for range n {
		if s.last != 0 {
			s.print(s.last)
		}
	}
}

// lineFeed goes down a row and scrolls at the bottom of the region.
func (s *Screen) lineFeed() {
	switch {
	case s.cur.y == s.end-1:
		s.scrollUp(1)
	case s.cur.y < s.rows-1:
		s.cur.y++
	}
}

// scrollUp moves the region up n rows; from the top of the main screen they
// go into the scrollback.
func (s *Screen) scrollUp(n int) {
	region := s.page.lines[s.top:s.end]
	n = min(n, len(region))
	keep := s.top == 0 && s.page == &s.main
	for range n {
		l := region[0]
		if keep {
			s.history.push(l)
		}
		copy(region, region[1:])
		region[len(region)-1] = l
		l.clear(s.cur.pen.BG)
	}
}

// shiftDown opens n blank rows at row y, shiftUp takes n rows away there; the
// rows below, as far as the region goes, move.
func (s *Screen) shiftDown(y, n int) {
	region := s.page.lines[y:s.end]
	n = min(n, len(region))
	for range n {
		l := region[len(region)-1]
		copy(region[1:], region)
		region[0] = l
		l.clear(s.cur.pen.BG)
	}
}

func (s *Screen) shiftUp(y, n int) {
	region := s.page.lines[y:s.end]
	n = min(n, len(region))
	for range n {
		l := region[0]
		copy(region, region[1:])
		region[len(region)-1] = l
		l.clear(s.cur.pen.BG)
	}
}
