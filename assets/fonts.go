package assets

import (
	"fyne.io/fyne/v2"
	"github.com/go-fonts/dejavu/dejavusansmonobold"
	"github.com/go-fonts/dejavu/dejavusansmonoboldoblique"
	"github.com/go-fonts/dejavu/dejavusansmonooblique"
)

// The sisters of Fyne's own font of fixed width, which it has in one style only:
// DejaVu Sans Mono. All have cells of one size.
var (
	monoBold       = fyne.NewStaticResource("mono-bold.ttf", dejavusansmonobold.TTF)
	monoItalic     = fyne.NewStaticResource("mono-italic.ttf", dejavusansmonooblique.TTF)
	monoBoldItalic = fyne.NewStaticResource("mono-bold-italic.ttf", dejavusansmonoboldoblique.TTF)
)

// monospaceFont is nil where Fyne's own font will do.
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
