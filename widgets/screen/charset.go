package screen

// charset is the state of ISO 2022: which of two sets is in use, and which of
// them hold the DEC line drawing characters.
type charset struct {
	graphics [2]bool // G0, G1
	shifted  bool    // SO: G1 is in use
}

func (c *charset) ascii() bool {
	if c.shifted {
		return !c.graphics[1]
	}
	return !c.graphics[0]
}

func (c *charset) translate(r rune) rune {
	if r < '`' || r > '~' || c.ascii() {
		return r
	}
	return lineDrawing[r-'`']
}

// lineDrawing is the DEC special graphics set from ` to ~.
var lineDrawing = [...]rune{
	'◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺',
	'⎻', '─', '⎼', '⎽', '├', '┤', '┴', '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
}
