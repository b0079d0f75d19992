package screen

// setGraphics executes SGR, which sets colors and attributes.
func (c *Cell) setGraphics(p *params) {
	if p.count() == 0 {
		*c = Cell{}
		return
	}
	for i := 0; i < p.count(); {
		v := p.value[i]
		switch {
		case v == 38 || v == 48 || v == 58:
			color, n := p.color(i)
			if color != nil {
				switch v {
				case 38:
					c.FG = *color
				case 48:
					c.BG = *color
				}
			}
			i += n
			continue
		case v == 4 && i+1 < p.count() && p.colon[i+1]:
			c.setAttr(Underline, p.value[i+1] != 0)
		default:
			c.setGraphic(v)
		}
		for i++; i < p.count() && p.colon[i]; i++ {
		}
	}
}

func (c *Cell) setAttr(a Attr, on bool) {
	if on {
		c.Attr |= a
	} else {
		c.Attr &^= a
	}
}

func (c *Cell) setGraphic(v int) {
	switch {
	case v == 0:
		*c = Cell{}
	case v >= 1 && v <= 9:
		c.setAttr([...]Attr{Bold, Dim, Italic, Underline, Blink, Blink, Inverse, Conceal, Strike}[v-1], true)
	case v == 21:
		c.setAttr(Underline, true)
	case v == 22:
		c.setAttr(Bold|Dim, false)
	case v == 23:
		c.setAttr(Italic, false)
	case v == 24:
		c.setAttr(Underline, false)
	case v == 25:
		c.setAttr(Blink, false)
	case v == 27:
		c.setAttr(Inverse, false)
	case v == 28:
		c.setAttr(Conceal, false)
	case v == 29:
		c.setAttr(Strike, false)
	case v >= 30 && v <= 37:
		c.FG = Palette(uint8(v - 30))
	case v == 39:
		c.FG = 0
	case v >= 40 && v <= 47:
		c.BG = Palette(uint8(v - 40))
	case v == 49:
		c.BG = 0
	case v >= 90 && v <= 97:
		c.FG = Palette(uint8(v - 90 + 8))
	case v >= 100 && v <= 107:
		c.BG = Palette(uint8(v - 100 + 8))
	}
}

// color parses the extended color at parameter i and returns the number of its parameters. The
// color is nil if it is invalid.
func (p *params) color(i int) (color *Color, n int) {
	count := p.count()
	if i+1 < count && p.colon[i+1] { // 38:5:N, 38:2:R:G:B, 38:2:ID:R:G:B
		end := i + 1
		for end < count && p.colon[end] {
			end++
		}
		sub := p.value[i+1 : end]
		n = end - i
		switch {
		case sub[0] == 5 && len(sub) >= 2:
			return indexedColor(sub[1]), n
		case sub[0] == 2 && len(sub) == 4:
			return directColor(sub[1], sub[2], sub[3]), n
		case sub[0] == 2 && len(sub) >= 5:
			return directColor(sub[2], sub[3], sub[4]), n
		}
		return nil, n
	}
	switch {
	case i+1 >= count:
		return nil, 1
	case p.value[i+1] == 5:
		if i+2 >= count {
			return nil, count - i
		}
		return indexedColor(p.value[i+2]), 3
	case p.value[i+1] == 2:
		if i+4 >= count {
			return nil, count - i
		}
		return directColor(p.value[i+2], p.value[i+3], p.value[i+4]), 5
	}
	return nil, 2
}

func indexedColor(v int) *Color {
	if v > 255 {
		return nil
	}
	c := Palette(uint8(v))
	return &c
}

func directColor(r, g, b int) *Color {
	if r > 255 || g > 255 || b > 255 {
		return nil
	}
	c := RGB(uint8(r), uint8(g), uint8(b))
	return &c
}
