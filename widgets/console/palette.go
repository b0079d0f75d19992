package console

import (
	"image/color"

	"vmterminal/widgets/screen"
)

// The sixteen colors that guests select by number, one set for dark and one for light
// backgrounds. They are not the theme's, because they are part of the guest's output.
var (
	darkPalette = [16]uint32{
		0x2e3436, 0xe05a4f, 0x5fb35a, 0xd0a62e, 0x5a8fd8, 0xb274c0, 0x3fb0b5, 0xd0d3ce,
		0x7a7f7a, 0xff7b70, 0x8ae27f, 0xf7de5e, 0x82b4f5, 0xd59fe0, 0x5fe0e0, 0xf5f5f3,
	}
	lightPalette = [16]uint32{
		0x1f2426, 0xb3261e, 0x1e7d32, 0x8a6100, 0x1f5fb0, 0x85419a, 0x00737a, 0x8d918b,
		0x565b57, 0xd13b30, 0x2f9642, 0xa37600, 0x3577cf, 0xa05cb5, 0x0f8e96, 0xb9bcb6,
	}
)

// resolve returns the color to draw, or false for the default color.
func (c *colors) resolve(m screen.Color) (color.NRGBA, bool) {
	if r, g, b, ok := m.RGB(); ok {
		return color.NRGBA{r, g, b, 0xff}, true
	}
	i, ok := m.Index()
	if !ok {
		return color.NRGBA{}, false
	}
	switch {
	case i < 16 && c.dark:
		return opaque(darkPalette[i]), true
	case i < 16:
		return opaque(lightPalette[i]), true
	case i < 232:
		i -= 16
		return color.NRGBA{cube(i / 36), cube(i / 6 % 6), cube(i % 6), 0xff}, true
	}
	gray := 8 + 10*(i-232)
	return color.NRGBA{gray, gray, gray, 0xff}, true
}

func opaque(rgb uint32) color.NRGBA {
	return color.NRGBA{uint8(rgb >> 16), uint8(rgb >> 8), uint8(rgb), 0xff}
}

// cube returns a level of xterm's 6×6×6 color cube.
func cube(step uint8) uint8 {
	if step == 0 {
		return 0
	}
	return 55 + 40*step
}
