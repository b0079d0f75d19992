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

	title  *Line
	about  *widget.Label
	button *KeyButton
	place  *fyne.Container // around the button
	box    *fyne.Container
}

const offTextWidth = 360

// NewOffView returns a view without a message.
func NewOffView() *OffView {
	v := &OffView{title: NewBold(""), about: NewText("")}
	v.title.TextSize = theme.SizeNameSubHeadingText
	v.title.Align, v.about.Alignment = fyne.TextAlignCenter, fyne.TextAlignCenter
	v.about.SizeName = theme.SizeNameCaptionText
	v.button = NewKeyButton("", theme.MediaPlayIcon(), func() {
		if v.OnButton != nil {
			v.OnButton()
		}
	})
	v.button.Importance = widget.HighImportance
	v.place = container.NewCenter(container.NewGridWrap(fyne.NewSize(180, 38), v.button))
	v.box = container.New(rows(6), v.title, v.about, v.place)
	v.about.Hide()
	v.button.Hide()
	v.place.Hide()
	v.ExtendBaseWidget(v)
	return v
}

// Button returns the part that takes the focus while it is visible.
func (v *OffView) Button() *KeyButton { return v.button }

// Set shows a message. An empty about or button is hidden.
func (v *OffView) Set(title, about, button string) {
	if v.title.Text == title && v.about.Text == about && v.button.Text == button {
		return
	}
	v.title.Set(title)
	v.about.SetText(about)
	v.button.SetText(button)
	v.about.Hidden = about == ""
	v.button.Hidden = button == ""
	v.place.Hidden = v.button.Hidden
	v.box.Refresh()
	v.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (v *OffView) CreateRenderer() fyne.WidgetRenderer {
	plate := NewGround(theme.ColorNameHeaderBackground, 12)
	card := container.NewStack(plate, container.New(inset(22, 28), container.New(wide(offTextWidth), v.box)))
	return widget.NewSimpleRenderer(container.NewCenter(card))
}
