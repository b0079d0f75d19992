package console

// substituteGlyphs replaces characters of the DEC special graphics set for which the fixed-width font
// has no glyphs: control pictures, and lines at five heights. Copied text is not affected.
var substituteGlyphs = map[rune]rune{
	'␉': 'ʜ', '␊': 'ʟ', '␋': 'v', '␌': 'f', '␍': 'c', '␤': 'ɴ',
	'⎺': '▔', '⎻': '‾', '⎼': '_', '⎽': '▁',
}

// firstSubstituted and lastSubstituted avoid the map lookup for nearly all characters.
const firstSubstituted, lastSubstituted = '⎺', '␤'

func substituteGlyph(r rune) rune {
	if r < firstSubstituted || r > lastSubstituted {
		return r
	}
	if as, ok := substituteGlyphs[r]; ok {
		return as
	}
	return r
}
