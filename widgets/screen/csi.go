package screen

// csi executes a control sequence with the final byte c.
func (s *Screen) csi(c byte) {
	p := &s.parser.params
	inter := s.parser.intermediates
	if inter == ([2]byte{}) {
		if !s.csiMove(c, p) && !s.csiEdit(c, p) {
			s.csiSet(c, p)
		}
		return
	}
	switch {
	case inter[0] == '?' && inter[1] == 0:
		s.csiPrivate(c, p)
	case inter[0] == '>' && inter[1] == 0 && c == 'c':
		s.reply(secondaryAttributes)
	case inter[0] == '!' && c == 'p':
		s.softReset()
	case inter[0] == ' ' && c == 'q':
		s.cursorStyle(p.get(0, 0))
	case inter[0] == '$' && c == 'p':
		s.reportMode("", p.get(0, 0), s.ansiModeSetting(p.get(0, 0)))
	case inter == [2]byte{'?', '$'} && c == 'p':
		s.reportMode("?", p.get(0, 0), s.decModeSetting(p.get(0, 0)))
	}
}

// csiMove executes sequences that move the cursor, and reports whether c ends one.
func (s *Screen) csiMove(c byte, p *params) bool {
	n := p.get(0, 1)
	switch c {
	case 'A':
		s.moveRows(-n)
	case 'B', 'e':
		s.moveRows(n)
	case 'C', 'a':
		s.moveCols(n)
	case 'D':
		s.moveCols(-n)
	case 'E':
		s.moveRows(n)
		s.cur.x = 0
	case 'F':
		s.moveRows(-n)
		s.cur.x = 0
	case 'G', '`':
		s.cur.x, s.cur.wrap = clamp(n-1, 0, s.cols-1), false
	case 'H', 'f':
		s.moveTo(p.get(1, 1)-1, n-1)
	case 'I':
		s.tab(n)
	case 'Z':
		s.backTab(n)
	case 'd':
		s.moveTo(s.cur.x, n-1)
	default:
		return false
	}
	return true
}

// csiEdit executes sequences that change text, and reports whether c ends one.
func (s *Screen) csiEdit(c byte, p *params) bool {
	n := p.get(0, 1)
	l, x, bg := s.page.lines[s.cur.y], s.cur.x, s.cur.pen.BG
	switch c {
	case '@':
		l.insert(x, n, bg)
	case 'P':
		l.remove(x, n, bg)
	case 'X':
		l.erase(x, min(x+n, s.cols), bg)
	case 'J':
		s.eraseScreen(p.get(0, 0))
	case 'K':
		s.eraseLine(p.get(0, 0))
	case 'L', 'M':
		if s.cur.y < s.regionTop || s.cur.y >= s.regionEnd {
			return true
		}
		if c == 'L' {
			s.shiftDown(s.cur.y, n)
		} else {
			s.shiftUp(s.cur.y, n)
		}
		s.cur.x = 0
	case 'S':
		s.scrollUp(n)
		return true
	case 'T':
		if p.count() <= 1 { // five parameters are highlight mouse tracking
			s.shiftDown(s.regionTop, n)
		}
		return true
	case 'b':
		s.repeat(n)
		return true
	default:
		return false
	}
	s.cur.wrap = false
	return true
}

// csiSet executes sequences that set or query something.
func (s *Screen) csiSet(c byte, p *params) {
	switch c {
	case 'm':
		s.cur.pen.setGraphics(p)
	case 'r':
		s.setRegion(p.get(0, 1)-1, p.get(1, s.rows))
	case 's':
		s.page.saved = s.cur
	case 'u':
		s.restoreCursor()
	case 'g':
		switch p.get(0, 0) {
		case 0:
			s.tabs[s.cur.x] = false
		case 3:
			clear(s.tabs)
		}
	case 'h', 'l':
		for i := range p.count() {
			s.setANSIMode(p.value[i], c == 'h')
		}
	case 'c':
		if p.get(0, 0) == 0 {
			s.reply(deviceAttributes)
		}
	case 'n':
		s.replyStatus(p.get(0, 0), "")
	case 't':
		if p.get(0, 0) == 18 {
			s.reportSize()
		}
	}
}

// csiPrivate executes CSI ? sequences.
func (s *Screen) csiPrivate(c byte, p *params) {
	switch c {
	case 'h', 'l':
		for i := range p.count() {
			s.setDECMode(p.value[i], c == 'h')
		}
	case 'J':
		s.eraseScreen(p.get(0, 0))
	case 'K':
		s.eraseLine(p.get(0, 0))
	case 'n':
		s.replyStatus(p.get(0, 0), "?")
	}
}

func (b *buffer) eraseScreen(mode int) {
	bg := b.cur.pen.BG
	lines := b.page.lines
	switch mode {
	case 0:
		b.eraseLine(0)
		lines = lines[b.cur.y+1:]
	case 1:
		b.eraseLine(1)
		lines = lines[:b.cur.y]
	case 2:
	case 3:
		b.history.clear()
		return
	default:
		return
	}
	for _, l := range lines {
		l.clear(bg)
	}
}

func (b *buffer) eraseLine(mode int) {
	l, x, bg := b.page.lines[b.cur.y], b.cur.x, b.cur.pen.BG
	switch mode {
	case 0:
		l.wrapped = false
		l.erase(x, b.cols, bg)
	case 1:
		l.erase(0, x+1, bg)
	case 2:
		l.clear(bg)
	}
	b.cur.wrap = false
}

func (b *buffer) setRegion(top, end int) {
	end = min(end, b.rows)
	if top < 0 || end-top < 2 {
		return
	}
	b.regionTop, b.regionEnd = top, end
	b.moveTo(0, 0)
}

// softReset executes DECSTR.
func (s *Screen) softReset() {
	s.modes.ShowCursor = true
	s.modes.AppCursor, s.modes.AppKeypad = false, false
	s.private.insert = false
	s.private.autowrap = true
	s.regionTop, s.regionEnd = 0, s.rows
	s.cur = cursor{x: s.cur.x, y: s.cur.y}
	s.page.saved = cursor{}
}
