package console

// drawnAs stands for characters that the font of fixed width has no picture of, and
// that the DEC special graphics set makes guests show: pictures of control
// characters, and lines at five heights. What is copied stays as it was.
var drawnAs = map[rune]rune{
	'␉': 'ʜ', '␊': 'ʟ', '␋': 'v', '␌': 'f', '␍': 'c', '␤': 'ɴ',
	'⎺': '▔', '⎻': '‾', '⎼': '_', '⎽': '▁',
}

// firstDrawnAs and lastDrawnAs spare nearly all characters the look into the map.
const firstDrawnAs, lastDrawnAs = '⎺', '␤'

func drawn(r rune) rune {
	if r < firstDrawnAs || r > lastDrawnAs {
		return r
	}
	if as, ok := drawnAs[r]; ok {
		return as
	}
	return r
}
