package screen

// charset is the ISO 2022 state. The zero value is ASCII.
type charset struct {
	sets   [4]set // G0 to G3
	locked uint8  // the active set, by SI, SO, LS2 and LS3
	single uint8  // the set for the next character, by SS2 and SS3, or 0
}

// set is a designated set of 94 characters. Unsupported sets are treated as ASCII.
type set byte

const (
	ascii set = iota
	british
	special
)

// charsetFor returns the set for the final byte of an escape sequence.
func charsetFor(final byte) set {
	switch final {
	case 'A':
		return british
	case '0', '2':
		return special
	default:
		return ascii
	}
}

// designate executes ESC, one of ( ) * +, and the final byte.
func (c *charset) designate(inter, final byte) {
	if inter >= '(' && inter <= '+' {
		c.sets[inter-'('] = charsetFor(final)
	}
}

// isASCII reports whether characters are shown untranslated.
func (c *charset) isASCII() bool { return c.single == 0 && c.sets[c.locked] == ascii }

// translate maps an ASCII character to the active set.
func (c *charset) translate(r rune) rune {
	active := c.sets[c.locked]
	if c.single != 0 {
		active, c.single = c.sets[c.single], 0
	}
	switch {
	case active == british && r == '#':
		return '£'
	case active == special && r >= '_' && r <= '~':
		return specialGraphics[r-'_']
	default:
		return r
	}
}

// specialGraphics is the DEC special graphics set from _ to ~.
var specialGraphics = [...]rune{
	' ', '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺',
	'⎻', '─', '⎼', '⎽', '├', '┤', '┴', '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
}
