package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// A FirstRun is the card shown while there is no VM: an introduction and one button.
type FirstRun struct {
	widget.BaseWidget

	OnCreate func()

	icon         fyne.Resource
	title, about string
	button       *KeyButton
	note         *Line
}

// NewFirstRun returns a card; button labels its button.
func NewFirstRun(icon fyne.Resource, title, about, button string) *FirstRun {
	f := &FirstRun{icon: icon, title: title, about: about, note: NewCaption("")}
	f.note.Align = fyne.TextAlignCenter
	f.button = NewKeyButton(button, theme.ContentAddIcon(), func() { callIfSet(f.OnCreate) })
	f.button.Importance = widget.HighImportance
	f.ExtendBaseWidget(f)
	return f
}

// Button returns the part that takes the focus.
func (f *FirstRun) Button() *KeyButton { return f.button }

// SetBusy shows an activity and disables the button; "" enables it again.
func (f *FirstRun) SetBusy(activity string) {
	f.note.Set(activity)
	if activity == "" {
		f.button.Enable()
	} else {
		f.button.Disable()
	}
}

// CreateRenderer implements fyne.Widget.
func (f *FirstRun) CreateRenderer() fyne.WidgetRenderer {
	picture := canvas.NewImageFromResource(f.icon)
	picture.FillMode = canvas.ImageFillContain
	picture.SetMinSize(fyne.NewSquareSize(84))
	title := NewBold(f.title)
	title.TextSize = theme.SizeNameHeadingText
	title.Align = fyne.TextAlignCenter
	about := NewText(f.about)
	about.Alignment = fyne.TextAlignCenter
	card := container.New(rowLayout(14), picture, title, about,
		container.NewCenter(container.NewGridWrap(fyne.NewSize(240, 40), f.button)), f.note)
	plate := NewGround(theme.ColorNameHeaderBackground, 14)
	return widget.NewSimpleRenderer(container.NewCenter(
		container.NewStack(plate, container.New(insetLayout(28, 44), container.New(fixedWidth(400), card)))))
}
