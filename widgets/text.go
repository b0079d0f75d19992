package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// NewText is text that wraps.
func NewText(text string) *widget.Label {
	l := widget.NewLabel(text)
	l.Wrapping = fyne.TextWrapWord
	return l
}

// NewParagraph sets wrapping text flush with what stands above and below it:
// Fyne's labels keep a distance of their own all around.
func NewParagraph(text *widget.Label) fyne.CanvasObject {
	pad := theme.InnerPadding()
	return container.New(inset(4-pad, -pad), text)
}
