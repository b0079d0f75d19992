package screen

// charset is the state of ISO 2022: the four designated sets, which of them is in
// use, and which is for the next character alone. The zero value is ASCII.
type charset struct {
	sets   [4]set // G0 to G3
	locked uint8  // the set in use, by SI, SO, LS2 and LS3
	single uint8  // the one of the next character, by SS2 and SS3; 0: none
}

// set is a set of 94 characters that a guest may designate; any other is taken for
// ASCII.
type set byte

const (
	ascii set = iota
	british
	special
)

// designated is the set of an escape sequence's last byte.
func designated(final byte) set {
	switch final {
	case 'A':
		return british
	case '0', '2':
		return special
	default:
		return ascii
	}
}

// designate executes ESC, one of ( ) * + and the set's byte.
func (c *charset) designate(inter, final byte) {
	if inter >= '(' && inter <= '+' {
		c.sets[inter-'('] = designated(final)
	}
}

// plain tells whether what comes is as it is.
func (c *charset) plain() bool { return c.single == 0 && c.sets[c.locked] == ascii }

// translate gives the character that stands for an ASCII one.
func (c *charset) translate(r rune) rune {
	of := c.sets[c.locked]
	if c.single != 0 {
		of, c.single = c.sets[c.single], 0
	}
	switch {
	case of == british && r == '#':
		return '£'
	case of == special && r >= '_' && r <= '~':
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
