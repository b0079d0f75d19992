package console

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"vmterminal/widgets/screen"
)

// maxStyles limits the size of the cache, because guests can produce millions of styles.
const maxStyles = 4096

// colors are the theme's colors, as last read by the UI goroutine.
type colors struct {
	foreground, background, selection, found, cursor color.NRGBA
	dark                                             bool
}

// styles converts cells of the model to cells of the grid.
type styles struct {
	colors  colors
	live    bool // connected; otherwise the text is dimmed
	reverse bool
	cache   map[styleKey]*cellStyle
}

type styleKey struct {
	fg, bg screen.Color
	attr   screen.Attr
}

// cellStyle is a widget.TextGridStyle; nil colors are the theme's.
type cellStyle struct {
	text   fyne.TextStyle
	fg, bg color.Color
}

func (s *cellStyle) Style() fyne.TextStyle        { return s.text }
func (s *cellStyle) TextColor() color.Color       { return s.fg }
func (s *cellStyle) BackgroundColor() color.Color { return s.bg }

// wideCell is the right half of a wide character with a background. It is drawn behind the
// grid, which would draw it over the character.
type wideCell struct {
	col   int
	color color.Color
}

func newStyles() styles {
	return styles{cache: map[styleKey]*cellStyle{}}
}

func (s *styles) gridRow(change screen.Change) pictureRow {
	r := pictureRow{row: change.Row, cells: make([]widget.TextGridCell, len(change.Cells))}
	for i := range change.Cells {
		cell := &change.Cells[i]
		style := s.style(cell)
		if cell.Part == screen.WideRight {
			if style != nil && style.bg != nil {
				r.wide = append(r.wide, wideCell{col: i, color: style.bg})
			}
			r.cells[i].Rune = ' '
			continue
		}
		r.cells[i].Rune = gridRune(cell)
		if style != nil {
			r.cells[i].Style = style
		}
	}
	return r
}

// gridRune returns the rune that a grid cell shows.
func gridRune(c *screen.Cell) rune {
	if c.Attr&screen.Conceal != 0 {
		return ' '
	}
	return substituteGlyph(c.Shown())
}

// style returns the style of a cell, or nil for the default style.
func (s *styles) style(c *screen.Cell) *cellStyle {
	key := styleKey{c.FG, c.BG, c.Attr &^ (screen.Blink | screen.Conceal)}
	if key == (styleKey{}) && s.live && !s.reverse {
		return nil
	}
	style, ok := s.cache[key]
	if !ok {
		if len(s.cache) >= maxStyles {
			clear(s.cache)
		}
		style = s.newStyle(key)
		s.cache[key] = style
	}
	return style
}

func (s *styles) newStyle(k styleKey) *cellStyle {
	fg, bg := s.colors.foreground, s.colors.background
	if i, ok := k.fg.Index(); ok && i < 8 && k.attr&screen.Bold != 0 {
		k.fg = screen.Palette(i + 8) // as xterm does; not every theme has a bold font of fixed width
	}
	if c, ok := s.colors.resolve(k.fg); ok {
		fg = c
	}
	filled := false
	if c, ok := s.colors.resolve(k.bg); ok {
		bg, filled = c, true
	}
	if k.fg == 0 && filled && distance(bg, s.colors.background) > distance(bg, s.colors.foreground) {
		fg = s.colors.background // default text on a similar background
	}
	if s.reverse != (k.attr&screen.Inverse != 0) {
		fg, bg = bg, fg
		filled = true
	}
	if k.attr&screen.Dim != 0 {
		fg = blend(fg, bg)
	}
	switch {
	case k.attr&screen.FoundCurrent != 0:
		fg, bg, filled = s.colors.background, s.colors.found, true
	case k.attr&screen.Marked != 0:
		bg, filled = s.colors.selection, true
	case k.attr&screen.Found != 0:
		fg, bg, filled = s.colors.foreground, blend(s.colors.found, s.colors.background), true
	}
	if !s.live {
		fg, bg = blend(fg, s.colors.background), blend(bg, s.colors.background)
	}
	style := &cellStyle{fg: fg, text: fyne.TextStyle{
		Monospace:     true,
		Bold:          k.attr&screen.Bold != 0,
		Italic:        k.attr&screen.Italic != 0,
		Underline:     k.attr&screen.Underline != 0,
		Strikethrough: k.attr&screen.Strike != 0,
	}}
	if filled {
		style.bg = bg
	}
	return style
}

func distance(a, b color.NRGBA) int {
	d := luminance(a) - luminance(b)
	return max(d, -d)
}

func blend(a, b color.NRGBA) color.NRGBA {
	mix := func(x, y uint8) uint8 { return uint8((uint(x) + uint(y)) / 2) }
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xff}
}
