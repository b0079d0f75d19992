package assets

import (
	"bytes"
	"image/png"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

func TestIconsAreSquare(t *testing.T) {
	for _, c := range []struct {
		icon fyne.Resource
		size int
	}{{Icon(), 512}, {TrayIcon(), 64}} {
		img, err := png.Decode(bytes.NewReader(c.icon.Content()))
		if err != nil {
			t.Fatal(err)
		}
		if size := img.Bounds().Size(); size.X != c.size || size.Y != c.size {
			t.Errorf("%s: got size %v, want %d by %d", c.icon.Name(), size, c.size, c.size)
		}
	}
}

// luminance returns the relative luminance as defined by WCAG 2.
func luminance(th fyne.Theme, name fyne.ThemeColorName, v fyne.ThemeVariant) float64 {
	r, g, b, _ := th.Color(name, v).RGBA()
	part := func(c uint32) float64 {
		f := float64(c) / 0xffff
		if f <= 0.04045 {
			return f / 12.92
		}
		return math.Pow((f+0.055)/1.055, 2.4)
	}
	return 0.2126*part(r) + 0.7152*part(g) + 0.0722*part(b)
}

func TestTextContrast(t *testing.T) {
	test.NewTempApp(t)
	for _, variant := range []fyne.ThemeVariant{theme.VariantDark, theme.VariantLight} {
		for _, ground := range []fyne.ThemeColorName{theme.ColorNameBackground, theme.ColorNameOverlayBackground, ColorNamePane} {
			for _, text := range []fyne.ThemeColorName{theme.ColorNameForeground, theme.ColorNamePlaceHolder, theme.ColorNameError, theme.ColorNameHyperlink} {
				a, b := luminance(Theme{}, ground, variant), luminance(Theme{}, text, variant)
				if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
					t.Errorf("%s on %s (variant %d): got contrast %.1f, want at least 4.5", text, ground, variant, ratio)
				}
			}
		}
	}
}

func TestVariantsDefineTheSameColors(t *testing.T) {
	for name := range dark {
		if _, ok := light[name]; !ok {
			t.Errorf("%s is missing in light", name)
		}
	}
	if len(dark) != len(light) {
		t.Errorf("got %d colors in dark and %d in light, want the same number", len(dark), len(light))
	}
}

func TestMonospaceStylesHaveOneWidth(t *testing.T) {
	a := test.NewTempApp(t)
	a.Settings().SetTheme(Theme{})
	seen := map[string]bool{}
	plain := fyne.MeasureText("M", 13, fyne.TextStyle{Monospace: true})
	for _, style := range []fyne.TextStyle{
		{Monospace: true}, {Monospace: true, Bold: true}, {Monospace: true, Italic: true}, {Monospace: true, Bold: true, Italic: true},
	} {
		seen[Theme{}.Font(style).Name()] = true
		if size := fyne.MeasureText("i", 13, style); size.Width != plain.Width {
			t.Errorf("style %+v: got character width %v, want %v", style, size.Width, plain.Width)
		}
	}
	if len(seen) != 4 {
		t.Errorf("got fonts %v, want 4", seen)
	}
}
