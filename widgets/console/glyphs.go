package console

// drawnAs replaces characters of the DEC special graphics set for which the fixed-width font
// has no glyphs: control pictures, and lines at five heights. Copied text is not affected.
var drawnAs = map[rune]rune{
	'␉': 'ʜ', '␊': 'ʟ', '␋': 'v', '␌': 'f', '␍': 'c', '␤': 'ɴ',
	'⎺': '▔', '⎻': '‾', '⎼': '_', '⎽': '▁',
}

// firstDrawnAs and lastDrawnAs avoid the map lookup for nearly all characters.
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
