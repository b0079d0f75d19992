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

// rgba returns the color 0xRRGGBBAA.
func rgba(v uint32) color.Color {
	return color.NRGBA{R: uint8(v >> 24), G: uint8(v >> 16), B: uint8(v >> 8), A: uint8(v)}
}

var dark = map[fyne.ThemeColorName]color.Color{
	theme.ColorNameBackground:          rgba(0x1a1d24ff),
	theme.ColorNameHeaderBackground:    rgba(0x1f232cff),
	theme.ColorNameMenuBackground:      rgba(0x262b36ff),
	theme.ColorNameOverlayBackground:   rgba(0x222732ff),
	theme.ColorNameButton:              rgba(0x303644ff),
	theme.ColorNameDisabledButton:      rgba(0x262b35ff),
	theme.ColorNameInputBackground:     rgba(0x14171dff),
	theme.ColorNameInputBorder:         rgba(0x434b5cff),
	theme.ColorNameForeground:          rgba(0xe7eaf1ff),
	theme.ColorNamePlaceHolder:         rgba(0x949db0ff),
	theme.ColorNameDisabled:            rgba(0x78829aff),
	theme.ColorNameHover:               rgba(0xffffff12),
	theme.ColorNamePressed:             rgba(0xffffff24),
	theme.ColorNamePrimary:             rgba(0x4a86ffff),
	theme.ColorNameHyperlink:           rgba(0x7aa8ffff),
	theme.ColorNameForegroundOnPrimary: rgba(0xffffffff),
	theme.ColorNameFocus:               rgba(0x4a86ff55),
	theme.ColorNameSelection:           rgba(0x4a86ff40),
	theme.ColorNameSuccess:             rgba(0x46c882ff),
	theme.ColorNameWarning:             rgba(0xf0b13cff),
	theme.ColorNameError:               rgba(0xf0645fff),
	theme.ColorNameForegroundOnError:   rgba(0xffffffff),
	theme.ColorNameSeparator:           rgba(0x2d333fff),
	theme.ColorNameScrollBar:           rgba(0xffffff38),
	theme.ColorNameShadow:              rgba(0x00000066),
	ColorNamePane:                      rgba(0x1f232cff),
}

var light = map[fyne.ThemeColorName]color.Color{
	theme.ColorNameBackground:          rgba(0xfbfcfeff),
	theme.ColorNameHeaderBackground:    rgba(0xf1f3f7ff),
	theme.ColorNameMenuBackground:      rgba(0xffffffff),
	theme.ColorNameOverlayBackground:   rgba(0xffffffff),
	theme.ColorNameButton:              rgba(0xe4e8efff),
	theme.ColorNameDisabledButton:      rgba(0xeceff4ff),
	theme.ColorNameInputBackground:     rgba(0xf3f5f9ff),
	theme.ColorNameInputBorder:         rgba(0xb9c1ceff),
	theme.ColorNameForeground:          rgba(0x1c2230ff),
	theme.ColorNamePlaceHolder:         rgba(0x626c7dff),
	theme.ColorNameDisabled:            rgba(0x8791a2ff),
	theme.ColorNameHover:               rgba(0x0000000d),
	theme.ColorNamePressed:             rgba(0x0000001c),
	theme.ColorNamePrimary:             rgba(0x2163e8ff),
	theme.ColorNameHyperlink:           rgba(0x1a56d0ff),
	theme.ColorNameForegroundOnPrimary: rgba(0xffffffff),
	theme.ColorNameFocus:               rgba(0x2163e83a),
	theme.ColorNameSelection:           rgba(0x2163e82e),
	theme.ColorNameSuccess:             rgba(0x178a4cff),
	theme.ColorNameWarning:             rgba(0xb26a00ff),
	theme.ColorNameError:               rgba(0xcf3430ff),
	theme.ColorNameForegroundOnError:   rgba(0xffffffff),
	theme.ColorNameSeparator:           rgba(0xdde2eaff),
	theme.ColorNameScrollBar:           rgba(0x00000040),
	theme.ColorNameShadow:              rgba(0x00000026),
	ColorNamePane:                      rgba(0xf1f3f7ff),
}
