package assets

import (
	"fyne.io/fyne/v2"
	"github.com/go-fonts/dejavu/dejavusansmonobold"
	"github.com/go-fonts/dejavu/dejavusansmonoboldoblique"
	"github.com/go-fonts/dejavu/dejavusansmonooblique"
)

// Further styles of DejaVu Sans Mono, which Fyne includes only in the regular style. All
// have the same character width.
var (
	monoBold       = fyne.NewStaticResource("mono-bold.ttf", dejavusansmonobold.TTF)
	monoItalic     = fyne.NewStaticResource("mono-italic.ttf", dejavusansmonooblique.TTF)
	monoBoldItalic = fyne.NewStaticResource("mono-bold-italic.ttf", dejavusansmonoboldoblique.TTF)
)

// monospaceFont returns the font for a monospace style, or nil if Fyne has the font.
func monospaceFont(style fyne.TextStyle) fyne.Resource {
	switch {
	case !style.Monospace || style.Symbol:
		return nil
	case style.Bold && style.Italic:
		return monoBoldItalic
	case style.Bold:
		return monoBold
	case style.Italic:
		return monoItalic
	}
	return nil
}
