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
	inter := s.parser.intermediates
	if inter[1] != 0 {
		return
	}
	switch inter[0] {
	case 0:
		s.simpleEscape(c)
	case '(', ')', '*', '+':
		s.cur.charset.designate(inter[0], c)
	case '#':
		if c == '8' {
			s.fillWithE()
		}
	}
}

func (s *Screen) simpleEscape(c byte) {
	switch c {
	case '7':
		s.page.saved = s.cur
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

func (b *buffer) reverseLineFeed() {
	b.cur.wrap = false
	switch {
	case b.cur.y == b.regionTop:
		b.shiftDown(b.regionTop, 1)
	case b.cur.y > 0:
		b.cur.y--
	}
}

// fillWithE executes DECALN: it fills the screen with E.
func (b *buffer) fillWithE() {
	b.regionTop, b.regionEnd = 0, b.rows
	b.cur.x, b.cur.y, b.cur.wrap = 0, 0, false
	for _, l := range b.page.lines {
		l.clear(0)
		for i := range l.cells {
			l.cells[i].Rune = 'E'
		}
		l.used = b.cols
	}
}

func (b *buffer) restoreCursor() {
	b.cur = b.page.saved
	b.cur.x = clamp(b.cur.x, 0, b.cols-1)
	b.cur.y = clamp(b.cur.y, 0, b.rows-1)
	b.cur.wrap = b.cur.wrap && b.cur.x == b.cols-1
}

// tab moves n tab stops to the right, backTab n to the left.
func (b *buffer) tab(n int) {
	x := b.cur.x
	for ; n > 0 && x < b.cols-1; n-- {
		for x++; x < b.cols-1 && !b.tabs[x]; x++ {
		}
	}
	b.cur.x = x
}

func (b *buffer) backTab(n int) {
	x := b.cur.x
	for ; n > 0 && x > 0; n-- {
		for x--; x > 0 && !b.tabs[x]; x-- {
		}
	}
	b.cur.x, b.cur.wrap = x, false
}

// moveTo moves the cursor; in origin mode, row counts from the top of the scrolling region.
func (b *buffer) moveTo(col, row int) {
	top, end := 0, b.rows
	if b.cur.origin {
		top, end = b.regionTop, b.regionEnd
	}
	b.cur.x = clamp(col, 0, b.cols-1)
	b.cur.y = clamp(top+row, top, end-1)
	b.cur.wrap = false
}

// moveRows moves the cursor by n rows, at most to the edge of the scrolling region.
func (b *buffer) moveRows(n int) {
	top, end := 0, b.rows
	if n < 0 && b.cur.y >= b.regionTop {
		top = b.regionTop
	}
	if n > 0 && b.cur.y < b.regionEnd {
		end = b.regionEnd
	}
	b.cur.y = clamp(b.cur.y+n, top, end-1)
	b.cur.wrap = false
}

func (b *buffer) moveCols(n int) {
	b.cur.x = clamp(b.cur.x+n, 0, b.cols-1)
	b.cur.wrap = false
}
