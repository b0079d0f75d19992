package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// An OffView covers a terminal that is not connected: a message in the middle, with one
// button.
type OffView struct {
	widget.BaseWidget

	OnButton func()

	title     *Line
	message   *widget.Label
	button    *KeyButton
	buttonBox *fyne.Container // around the button
	box       *fyne.Container
}

const offViewTextWidth = 360

// NewOffView returns a view without a message.
func NewOffView() *OffView {
	v := &OffView{title: NewBold(""), message: NewText("")}
	v.title.TextSize = theme.SizeNameSubHeadingText
	v.title.Align, v.message.Alignment = fyne.TextAlignCenter, fyne.TextAlignCenter
	v.message.SizeName = theme.SizeNameCaptionText
	v.button = NewKeyButton("", theme.MediaPlayIcon(), func() { callIfSet(v.OnButton) })
	v.button.Importance = widget.HighImportance
	v.buttonBox = container.NewCenter(container.NewGridWrap(fyne.NewSize(180, 38), v.button))
	v.box = container.New(rowLayout(6), v.title, v.message, v.buttonBox)
	v.message.Hide()
	v.button.Hide()
	v.buttonBox.Hide()
	v.ExtendBaseWidget(v)
	return v
}

// Button returns the part that takes the focus while it is visible.
func (v *OffView) Button() *KeyButton { return v.button }

// Set shows a message. An empty about or button is hidden.
func (v *OffView) Set(title, about, button string) {
	if v.title.Text == title && v.message.Text == about && v.button.Text == button {
		return
	}
	v.title.Set(title)
	v.message.SetText(about)
	v.button.SetText(button)
	v.message.Hidden = about == ""
	v.button.Hidden = button == ""
	v.buttonBox.Hidden = v.button.Hidden
	v.box.Refresh()
	v.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (v *OffView) CreateRenderer() fyne.WidgetRenderer {
	plate := NewGround(theme.ColorNameHeaderBackground, 12)
	card := container.NewStack(plate, container.New(insetLayout(22, 28), container.New(fixedWidth(offViewTextWidth), v.box)))
	return widget.NewSimpleRenderer(container.NewCenter(card))
}
