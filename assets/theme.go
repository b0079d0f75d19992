package assets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Theme is the light and dark theme of the program. Colors and sizes that it does not
// define come from Fyne's default theme.
type Theme struct{}

var _ fyne.Theme = Theme{}

// ColorNamePane is the background of the panes left and right of the terminal.
const ColorNamePane fyne.ThemeColorName = "vmterminalPane"

// Color implements fyne.Theme.
func (Theme) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	palette := dark
	if variant == theme.VariantLight {
		palette = light
	}
	if rgba, ok := palette[name]; ok {
		return rgba
	}
	return theme.DefaultTheme().Color(name, variant)
}

// Font implements fyne.Theme.
func (Theme) Font(style fyne.TextStyle) fyne.Resource {
	if font := monospaceFont(style); font != nil {
		return font
	}
	return theme.DefaultTheme().Font(style)
}

// Icon implements fyne.Theme.
func (Theme) Icon(name fyne.ThemeIconName) fyne.Resource { return theme.DefaultTheme().Icon(name) }

// Size implements fyne.Theme.
func (Theme) Size(name fyne.ThemeSizeName) float32 {
	if size, ok := sizes[name]; ok {
		return size
	}
	return theme.DefaultTheme().Size(name)
}

var sizes = map[fyne.ThemeSizeName]float32{
	theme.SizeNameText:            13,
	theme.SizeNameCaptionText:     11,
	theme.SizeNameSubHeadingText:  16,
	theme.SizeNameHeadingText:     21,
	theme.SizeNameInlineIcon:      17,
	theme.SizeNameInputRadius:     6,
	theme.SizeNameButtonRadius:    6,
	theme.SizeNameSelectionRadius: 6,
	theme.SizeNameDialogRadius:    10,
	theme.SizeNameCardRadius:      10,
	theme.SizeNamePopupRadius:     10,
	theme.SizeNameMenuRadius:      6,
	// Blur is slow with a software renderer.
	theme.SizeNameModalBlurRadius: 0,
	theme.SizeNameScrollBar:       10,
}

// hex returns the color 0xRRGGBBAA.
func hex(v uint32) color.Color {
	return color.NRGBA{R: uint8(v >> 24), G: uint8(v >> 16), B: uint8(v >> 8), A: uint8(v)}
}

var dark = map[fyne.ThemeColorName]color.Color{
	theme.ColorNameBackground:          hex(0x1a1d24ff),
	theme.ColorNameHeaderBackground:    hex(0x1f232cff),
	theme.ColorNameMenuBackground:      hex(0x262b36ff),
	theme.ColorNameOverlayBackground:   hex(0x222732ff),
	theme.ColorNameButton:              hex(0x303644ff),
	theme.ColorNameDisabledButton:      hex(0x262b35ff),
	theme.ColorNameInputBackground:     hex(0x14171dff),
	theme.ColorNameInputBorder:         hex(0x434b5cff),
	theme.ColorNameForeground:          hex(0xe7eaf1ff),
	theme.ColorNamePlaceHolder:         hex(0x949db0ff),
	theme.ColorNameDisabled:            hex(0x78829aff),
	theme.ColorNameHover:               hex(0xffffff12),
	theme.ColorNamePressed:             hex(0xffffff24),
	theme.ColorNamePrimary:             hex(0x4a86ffff),
	theme.ColorNameHyperlink:           hex(0x7aa8ffff),
	theme.ColorNameForegroundOnPrimary: hex(0xffffffff),
	theme.ColorNameFocus:               hex(0x4a86ff55),
	theme.ColorNameSelection:           hex(0x4a86ff40),
	theme.ColorNameSuccess:             hex(0x46c882ff),
	theme.ColorNameWarning:             hex(0xf0b13cff),
	theme.ColorNameError:               hex(0xf0645fff),
	theme.ColorNameForegroundOnError:   hex(0xffffffff),
	theme.ColorNameSeparator:           hex(0x2d333fff),
	theme.ColorNameScrollBar:           hex(0xffffff38),
	theme.ColorNameShadow:              hex(0x00000066),
	ColorNamePane:                      hex(0x1f232cff),
}

var light = map[fyne.ThemeColorName]color.Color{
	theme.ColorNameBackground:          hex(0xfbfcfeff),
	theme.ColorNameHeaderBackground:    hex(0xf1f3f7ff),
	theme.ColorNameMenuBackground:      hex(0xffffffff),
	theme.ColorNameOverlayBackground:   hex(0xffffffff),
	theme.ColorNameButton:              hex(0xe4e8efff),
	theme.ColorNameDisabledButton:      hex(0xeceff4ff),
	theme.ColorNameInputBackground:     hex(0xf3f5f9ff),
	theme.ColorNameInputBorder:         hex(0xb9c1ceff),
	theme.ColorNameForeground:          hex(0x1c2230ff),
	theme.ColorNamePlaceHolder:         hex(0x626c7dff),
	theme.ColorNameDisabled:            hex(0x8791a2ff),
	theme.ColorNameHover:               hex(0x0000000d),
	theme.ColorNamePressed:             hex(0x0000001c),
	theme.ColorNamePrimary:             hex(0x2163e8ff),
	theme.ColorNameHyperlink:           hex(0x1a56d0ff),
	theme.ColorNameForegroundOnPrimary: hex(0xffffffff),
	theme.ColorNameFocus:               hex(0x2163e83a),
	theme.ColorNameSelection:           hex(0x2163e82e),
	theme.ColorNameSuccess:             hex(0x178a4cff),
	theme.ColorNameWarning:             hex(0xb26a00ff),
	theme.ColorNameError:               hex(0xcf3430ff),
	theme.ColorNameForegroundOnError:   hex(0xffffffff),
	theme.ColorNameSeparator:           hex(0xdde2eaff),
	theme.ColorNameScrollBar:           hex(0x00000040),
	theme.ColorNameShadow:              hex(0x00000026),
	ColorNamePane:                      hex(0xf1f3f7ff),
}
