package console

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// The sizes of text that can be asked for.
const (
	leastFont = 6
	mostFont  = 48
)

// fontTheme is the program's theme with another size of text.
type fontTheme struct {
	size float32 // 0 is the theme's own
}

func appTheme() fyne.Theme { return fyne.CurrentApp().Settings().Theme() }

func (f *fontTheme) Color(n fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	return appTheme().Color(n, v)
}

func (f *fontTheme) Font(s fyne.TextStyle) fyne.Resource { return appTheme().Font(s) }

func (f *fontTheme) Icon(n fyne.ThemeIconName) fyne.Resource { return appTheme().Icon(n) }

func (f *fontTheme) Size(n fyne.ThemeSizeName) float32 {
	if n == theme.SizeNameText && f.size > 0 {
		return f.size
	}
	return appTheme().Size(n)
}

// SetFontSize sets the size of the text, kept between 6 and 48; 0 is the
// theme's own.
func (c *Console) SetFontSize(size float32) {
	if size > 0 {
		size = min(max(size, leastFont), mostFont)
	}
	if size == c.font.size {
		return
	}
	c.font.size = size
	c.Refresh()
}

// FontSize is the size of the text as it is drawn.
func (c *Console) FontSize() float32 { return c.font.Size(theme.SizeNameText) }
