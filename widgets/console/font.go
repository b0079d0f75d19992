package console

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Limits of the text size.
const (
	minFontSize = 6
	maxFontSize = 48
)

// fontTheme is the app's theme with another text size.
type fontTheme struct {
	size float32 // 0 selects the theme's
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

// SetFontSize sets the text size, clamped to 6..48; 0 selects the theme's.
func (c *Console) SetFontSize(size float32) {
	if size > 0 {
		size = min(max(size, minFontSize), maxFontSize)
	}
	if size == c.view.font.size {
		return
	}
	c.view.font.size = size
	c.Refresh()
}

// FontSize returns the text size as drawn.
func (c *Console) FontSize() float32 { return c.view.font.Size(theme.SizeNameText) }
