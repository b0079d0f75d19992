package screen

import (
	"unicode/utf8"

	"vmterminal/snapshot/durable/guard"
)

type state uint8

const (
	ground state = iota
	escape
	escapeMore // after an intermediate byte
	csiStart
	csiParams
	csiMore // after an intermediate byte
	csiSkip // malformed: skip to the final byte
	oscText
	dcsText
	skipText // SOS, PM, APC: ignored
)

const (
	esc = 0x1b
	bel = 0x07
	can = 0x18
	sub = 0x1a
	del = 0x7f
)

// parser is the state between two bytes. It follows Paul Williams's state machine of DEC
// terminals (vt100.net/emu/dec_ansi_parser), with UTF-8 instead of 8-bit controls.
type parser struct {
	state         state
	intermediates [2]byte // private marker or intermediate bytes, or 0
	params        params
	text          []byte // of an OSC or DCS
	rune          [utf8.UTFMax]byte
	runeLen       int
}

// params are the parameters of a control sequence.
type params struct {
	n     int
	value [maxParams]int
	given [maxParams]bool // a number was written
	colon [maxParams]bool // joined to the previous one by ':'
}

func (p *params) digit(b byte) {
	if p.n == 0 {
		p.n = 1
	}
	if p.n > maxParams {
		return
	}
	i := p.n - 1
	p.value[i] = p.value[i]*10 + int(b-'0')
	if guard.On(guard.Clamp) {
		p.value[i] = min(p.value[i], maxParam)
	}
	p.given[i] = true
}

func (p *params) next(colon bool) {
	if p.n == 0 {
		p.n = 1
	}
	if p.n > maxParams {
		return
	}
	if p.n++; p.n <= maxParams {
		p.colon[p.n-1] = colon
	}
}

// count returns the number of stored parameters.
func (p *params) count() int { return min(p.n, maxParams) }

// get returns parameter i, or def if it is absent or 0.
func (p *params) get(i, def int) int {
	if i >= p.count() || p.value[i] == 0 {
		return def
	}
	return p.value[i]
}

// Write processes bytes from the guest. It never fails; sequences and runes may be split
// between calls.
func (s *Screen) Write(b []byte) (int, error) {
	for i := 0; i < len(b); {
		if s.parser.state != ground {
			s.step(b[i])
			i++
			continue
		}
		c := b[i]
		if s.parser.runeLen > 0 {
			i += s.continueRune(c)
			continue
		}
		switch {
		case c >= 0x20 && c < del:
			n := i + 1
			for n < len(b) && b[n] >= 0x20 && b[n] < del {
				n++
			}
			s.printASCII(b[i:n])
			i = n
		case c < utf8.RuneSelf:
			s.control(c)
			i++
		default:
			r, size := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && size == 1 {
				i += s.continueRune(c)
				continue
			}
			s.print(r)
			i += size
		}
	}
	return len(b), nil
}

// continueRune processes one more byte of an incomplete rune. It returns 1 if the byte belongs
// to the rune, 0 if it must be processed again.
func (s *Screen) continueRune(c byte) int {
	p := &s.parser
	if c < utf8.RuneSelf {
		p.runeLen = 0
		s.print(utf8.RuneError)
		return 0
	}
	p.rune[p.runeLen] = c
	p.runeLen++
	if !utf8.FullRune(p.rune[:p.runeLen]) {
		return 1
	}
	r, size := utf8.DecodeRune(p.rune[:p.runeLen])
	n := p.runeLen
	p.runeLen = 0
	s.print(r)
	if size == 1 && n > 1 {
		return 0 // the rune was truncated; c may begin another one
	}
	return 1
}

// step processes one byte inside a sequence.
func (s *Screen) step(c byte) {
	p := &s.parser
	switch c {
	case esc:
		s.endText()
		s.startEscape()
		return
	case can, sub:
		p.state = ground
		return
	}
	switch p.state {
	case escape, escapeMore:
		s.stepEscape(c)
	case csiStart, csiParams, csiMore, csiSkip:
		s.stepCSI(c)
	case oscText:
		if c == bel {
			s.endText()
			p.state = ground
			return
		}
		p.appendText(c)
	case dcsText:
		p.appendText(c)
	case skipText, ground:
	}
}

func (p *parser) appendText(c byte) {
	if len(p.text) < maxString || !guard.On(guard.StringLimit) {
		p.text = append(p.text, c)
	}
}

func (s *Screen) startEscape() {
	s.parser.state = escape
	s.parser.intermediates = [2]byte{}
}

// endText executes a finished OSC or DCS, unless it is too long.
func (s *Screen) endText() {
	p := &s.parser
	if len(p.text) < maxString {
		switch p.state {
		case oscText:
			s.osc(p.text)
		case dcsText:
			s.dcs(p.text)
		default:
		}
	}
	p.text = p.text[:0]
}

func (s *Screen) stepEscape(c byte) {
	p := &s.parser
	switch {
	case c < 0x20:
		s.control(c)
	case c >= del:
		if c != del {
			p.state = ground
		}
	case c < 0x30:
		p.addIntermediate(c)
		p.state = escapeMore
	case p.state == escapeMore:
		p.state = ground
		s.escapeSequence(c)
	case c == '[':
		p.params = params{}
		p.state = csiStart
	case c == ']':
		p.text = p.text[:0]
		p.state = oscText
	case c == 'P':
		p.text = p.text[:0]
		p.state = dcsText
	case c == 'X' || c == '^' || c == '_':
		p.state = skipText
	default:
		p.state = ground
		s.escapeSequence(c)
	}
}

func (p *parser) addIntermediate(c byte) {
	switch {
	case p.intermediates[0] == 0:
		p.intermediates[0] = c
	case p.intermediates[1] == 0:
		p.intermediates[1] = c
	default:
		p.intermediates[1] = 0xff // too many: matches nothing
	}
}

func (s *Screen) stepCSI(c byte) {
	p := &s.parser
	switch {
	case c < 0x20:
		s.control(c)
	case c == del:
	case c > del:
		p.state = ground
	case c >= 0x40:
		skip := p.state == csiSkip
		p.state = ground
		if !skip {
			s.csi(c)
		}
	case p.state == csiSkip:
	case c < 0x30:
		p.addIntermediate(c)
		p.state = csiMore
	case p.state == csiMore:
		p.state = csiSkip // a number after an intermediate byte
	case c >= '0' && c <= '9':
		p.params.digit(c)
		p.state = csiParams
	case c == ';' || c == ':':
		p.params.next(c == ':')
		p.state = csiParams
	case p.state == csiStart: // < = > ?
		p.addIntermediate(c)
		p.state = csiParams
	default:
		p.state = csiSkip
	}
}
