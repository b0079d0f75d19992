package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// A BannerItem is the content of a Banner.
type BannerItem struct {
	// Text is one line, shortened to fit; Icon is shown to its left.
	Text string
	Icon fyne.Resource
	// Button and Other label the buttons; an empty label hides its button.
	Button, Other string
}

// A Banner is a line across the window with a message and up to two actions. It is hidden
// while it has no text.
type Banner struct {
	widget.BaseWidget

	// OnButton and OnOther are called by its buttons, OnClose by the close button.
	OnButton, OnOther, OnClose func()

	item          BannerItem
	icon          *widget.Icon
	text          *Line
	button, other *widget.Button
	row           *fyne.Container
}

// NewBanner returns a hidden banner.
func NewBanner() *Banner {
	b := &Banner{icon: widget.NewIcon(nil), text: NewLine("")}
	b.button = widget.NewButton("", func() { callIfSet(b.OnButton) })
	b.other = widget.NewButton("", func() { callIfSet(b.OnOther) })
	b.other.Importance = widget.LowImportance
	closeButton := widget.NewButtonWithIcon("", theme.CancelIcon(), func() { callIfSet(b.OnClose) })
	closeButton.Importance = widget.LowImportance
	b.row = container.NewHBox(b.other, b.button, closeButton)
	b.ExtendBaseWidget(b)
	b.Hide()
	return b
}

func callIfSet(f func()) {
	if f != nil {
		f()
	}
}

// Item returns what the banner shows.
func (b *Banner) Item() BannerItem { return b.item }

// Set shows item, or hides the banner if its text is empty.
func (b *Banner) Set(item BannerItem) {
	if b.item == item {
		return
	}
	b.item = item
	b.text.Set(item.Text)
	b.icon.SetResource(item.Icon)
	setButtonLabel(b.button, item.Button)
	setButtonLabel(b.other, item.Other)
	b.row.Refresh()
	b.Refresh()
}

// setButtonLabel sets a button's text and hides the button if it is empty.
func setButtonLabel(b *widget.Button, text string) {
	b.Hidden = text == ""
	b.SetText(text)
}

// CreateRenderer implements fyne.Widget.
func (b *Banner) CreateRenderer() fyne.WidgetRenderer {
	icon := container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(18), b.icon))
	row := container.NewBorder(nil, nil, container.New(insetLayout(0, 4), icon), b.row, NewMiddle(b.text))
	return widget.NewSimpleRenderer(NewFrame(widget.NewSeparator(), nil, nil, nil,
		container.NewStack(NewGround(theme.ColorNameOverlayBackground, 0), container.New(insetLayout(4, 10), row))))
}
