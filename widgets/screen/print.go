package screen

import "bytes"

// print writes one rune at the cursor.
func (b *buffer) print(r rune) {
	if r < 0x80 && !b.cur.charset.isASCII() {
		r = b.cur.charset.translate(r)
	} else if r >= 0x80 && r < 0xa0 {
		return // 8-bit controls do not exist in UTF-8
	}
	w := runeWidth(r)
	if w == 0 {
		b.combine(r)
		return
	}
	if w == 2 && b.cols < 2 {
		r, w = 0xfffd, 1
	}
	b.wrapIfPending()
	if b.cur.x+w > b.cols { // a wide character does not fit
		if b.private.autowrap {
			b.wrap()
		} else {
			b.cur.x = b.cols - w
		}
	}
	l, x := b.page.lines[b.cur.y], b.cur.x
	if b.private.insert {
		l.insert(x, w, b.cur.pen.BG)
	}
	l.split(x)
	l.split(x + w)
	c := b.cur.pen
	c.Rune = r
	if w == 2 {
		right := b.cur.pen
		right.Part = WideRight
		l.cells[x+1] = right
		c.Part = WideLeft
	}
	l.cells[x] = c
	l.used = max(l.used, x+w)
	b.last = r
	b.advance(x + w)
}

// printASCII prints a run of plain ASCII, which is most of the output.
func (b *buffer) printASCII(text []byte) {
	if b.private.insert || !b.cur.charset.isASCII() {
		for _, c := range text {
			b.print(rune(c))
		}
		return
	}
	b.last = rune(text[len(text)-1])
	for len(text) > 0 {
		b.wrapIfPending()
		x := b.cur.x
		if !b.private.autowrap && len(text) > b.cols-x { // the rest overwrites the last cell
			b.writeRun(text[:b.cols-x])
			b.writeAt(b.cols-1, text[len(text)-1:])
			return
		}
		n := min(len(text), b.cols-x)
		b.writeRun(text[:n])
		text = text[n:]
	}
}

// writeRun writes a run that fits into the row.
func (b *buffer) writeRun(text []byte) {
	b.writeAt(b.cur.x, text)
	b.advance(b.cur.x + len(text))
}

func (b *buffer) writeAt(x int, text []byte) {
	l := b.page.lines[b.cur.y]
	l.split(x)
	l.split(x + len(text))
	cells := l.cells[x : x+len(text)]
	pen := b.cur.pen
	for i, c := range text {
		pen.Rune = rune(c)
		cells[i] = pen
	}
	l.used = max(l.used, x+len(text))
}

// advance moves the cursor to column x, or to the last one with a pending wrap.
func (b *buffer) advance(x int) {
	if x >= b.cols {
		b.cur.x, b.cur.wrap = b.cols-1, true
		return
	}
	b.cur.x = x
}

func (b *buffer) wrapIfPending() {
	if !b.cur.wrap {
		return
	}
	b.cur.wrap = false
	if b.private.autowrap {
		b.wrap()
	}
}

func (b *buffer) wrap() {
	b.page.lines[b.cur.y].wrapped = true
	b.cur.x, b.cur.wrap = 0, false
	b.lineFeed()
}

// combine adds a mark to the character before the cursor.
func (b *buffer) combine(m rune) {
	l, x := b.page.lines[b.cur.y], b.cur.x-1
	if b.cur.wrap {
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

// repeat executes REP: it repeats the last rune, at most once per cell of the screen.
func (b *buffer) repeat(n int) {
	n = min(n, b.cols*b.rows)
	if b.last > 0 && b.last < 0x80 {
		run := bytes.Repeat([]byte{byte(b.last)}, min(n, b.cols))
		for ; n > 0; n -= len(run) {
			b.printASCII(run[:min(n, len(run))])
		}
		return
	}
	for range n {
		if b.last != 0 {
			b.print(b.last)
		}
	}
}

// lineFeed moves down one row, scrolling at the bottom of the region.
func (b *buffer) lineFeed() {
	switch {
	case b.cur.y == b.regionEnd-1:
		b.scrollUp(1)
	case b.cur.y < b.rows-1:
		b.cur.y++
	}
}

// scrollUp scrolls the region up by n rows. If the region begins at the top of the main screen,
// the rows become scrollback.
func (b *buffer) scrollUp(n int) {
	region := b.page.lines[b.regionTop:b.regionEnd]
	n = min(n, len(region))
	keep := b.regionTop == 0 && b.page == &b.main
	for range n {
		l := region[0]
		if keep {
			b.history.push(l)
		}
		copy(region, region[1:])
		region[len(region)-1] = l
		l.clear(b.cur.pen.BG)
	}
}

// shiftDown inserts n blank rows at row y; shiftUp deletes n rows there. The rows below move
// within the region.
func (b *buffer) shiftDown(y, n int) {
	region := b.page.lines[y:b.regionEnd]
	n = min(n, len(region))
	for range n {
		l := region[len(region)-1]
		copy(region[1:], region)
		region[0] = l
		l.clear(b.cur.pen.BG)
	}
}

func (b *buffer) shiftUp(y, n int) {
	region := b.page.lines[y:b.regionEnd]
	n = min(n, len(region))
	for range n {
		l := region[0]
		copy(region, region[1:])
		region[len(region)-1] = l
		l.clear(b.cur.pen.BG)
	}
}
