package screen

// control executes a C0 control character.
func (s *Screen) control(c byte) {
	switch c {
	case bel:
		s.bells++
	case '\b':
		s.cur.x, s.cur.wrap = max(0, s.cur.x-1), false
	case '\t':
		s.tab(1)
	case '\n', '\v', '\f':
		s.cur.wrap = false
		s.lineFeed()
		if s.private.newline {
			s.cur.x = 0
		}
	case '\r':
		s.cur.x, s.cur.wrap = 0, false
	case 0x0e:
		s.cur.charset.locked = 1
	case 0x0f:
		s.cur.charset.locked = 0
	case esc:
		s.startEscape()
	}
}

// escapeSequence executes ESC … c.
func (s *Screen) escapeSequence(c byte) {
	inter := s.parser.inter
	if inter[1] != 0 {
		return
	}
	switch inter[0] {
	case 0:
		s.plainEscape(c)
	case '(', ')', '*', '+':
		s.cur.charset.designate(inter[0], c)
	case '#':
		if c == '8' {
			s.alignment()
		}
	}
}

func (s *Screen) plainEscape(c byte) {
	switch c {
	case '7':
		s.saveCursor()
	case '8':
		s.restoreCursor()
	case '=':
		s.modes.AppKeypad = true
	case '>':
		s.modes.AppKeypad = false
	case 'D':
		s.cur.wrap = false
		s.lineFeed()
	case 'E':
		s.cur.x, s.cur.wrap = 0, false
		s.lineFeed()
	case 'H':
		s.tabs[s.cur.x] = true
	case 'M':
		s.reverseLineFeed()
	case 'N':
		s.cur.charset.single = 2
	case 'O':
		s.cur.charset.single = 3
	case 'n':
		s.cur.charset.locked = 2
	case 'o':
		s.cur.charset.locked = 3
	case 'Z':
		s.reply(deviceAttributes)
	case 'c':
		s.reset()
	}
}

func (s *Screen) reverseLineFeed() {
	s.cur.wrap = false
	switch {
	case s.cur.y == s.top:
		s.shiftDown(s.top, 1)
	case s.cur.y > 0:
		s.cur.y--
	}
}

// alignment is DECALN: a screen full of E.
func (s *Screen) alignment() {
	s.top, s.end = 0, s.rows
	s.cur.x, s.cur.y, s.cur.wrap = 0, 0, false
	for _, l := range s.page.lines {
		l.clear(0)
		for i := range l.cells {
			l.cells[i].Rune = 'E'
		}
		l.used = s.cols
	}
}

func (s *Screen) saveCursor() { s.page.saved = s.cur }

func (s *Screen) restoreCursor() {
	s.cur = s.page.saved
	s.cur.x = clamp(s.cur.x, 0, s.cols-1)
	s.cur.y = clamp(s.cur.y, 0, s.rows-1)
	s.cur.wrap = s.cur.wrap && s.cur.x == s.cols-1
}

// tab moves n stops to the right, backTab n to the left.
func (s *Screen) tab(n int) {
	x := s.cur.x
	for ; n > 0 && x < s.cols-1; n-- {
		for x++; x < s.cols-1 && !s.tabs[x]; x++ {
		}
	}
	s.cur.x = x
}

func (s *Screen) backTab(n int) {
	x := s.cur.x
	for ; n > 0 && x > 0; n-- {
		for x--; x > 0 && !s.tabs[x]; x-- {
		}
	}
	s.cur.x, s.cur.wrap = x, false
}

// moveTo places the cursor; in origin mode row counts from the region's top.
func (s *Screen) moveTo(col, row int) {
	top, end := 0, s.rows
	if s.cur.origin {
		top, end = s.top, s.end
	}
	s.cur.x = clamp(col, 0, s.cols-1)
	s.cur.y = clamp(top+row, top, end-1)
	s.cur.wrap = false
}

// moveRows goes up or down n rows and stops at the region's edge.
func (s *Screen) moveRows(n int) {
	top, end := 0, s.rows
	if n < 0 && s.cur.y >= s.top {
		top = s.top
	}
	if n > 0 && s.cur.y < s.end {
		end = s.end
	}
	s.cur.y = clamp(s.cur.y+n, top, end-1)
	s.cur.wrap = false
}

func (s *Screen) moveCols(n int) {
	s.cur.x = clamp(s.cur.x+n, 0, s.cols-1)
	s.cur.wrap = false
}
