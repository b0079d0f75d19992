package console

import (
	"testing"

	"github.com/go-fonts/dejavu/dejavusansmonobold"
	"golang.org/x/image/font/sfnt"
)

func TestDrawnAs(t *testing.T) {
	font, err := sfnt.Parse(dejavusansmonobold.TTF)
	if err != nil {
		t.Fatal(err)
	}
	has := func(r rune) bool {
		glyph, err := font.GlyphIndex(nil, r)
		return err == nil && glyph != 0
	}
	for from, to := range substituteGlyphs {
		if from < firstSubstituted || from > lastSubstituted {
			t.Errorf("%q is outside firstSubstituted..lastSubstituted", from)
		}
		if has(from) || !has(to) || substituteGlyph(from) != to {
			t.Errorf("%q is drawn as %q; in the font: %v, %v, want false, true", from, substituteGlyph(from), has(from), has(to))
		}
	}
	for _, r := range "a─⎡␀€界" {
		if substituteGlyph(r) != r {
			t.Errorf("%q is drawn as %q, want itself", r, substituteGlyph(r))
		}
	}
}
