package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// NewText returns a label that wraps.
func NewText(text string) *widget.Label {
	l := widget.NewLabel(text)
	l.Wrapping = fyne.TextWrapWord
	return l
}

// NewParagraph returns a wrapping text aligned with the objects above and below it, without
// the padding of Fyne's labels.
func NewParagraph(text *widget.Label) fyne.CanvasObject {
	pad := theme.InnerPadding()
	return container.New(insetLayout(4-pad, -pad), text)
}
