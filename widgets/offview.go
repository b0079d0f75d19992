package widgets

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// An OffView stands in the terminal's place while no terminal is there: the
// last text, greyed, and in the middle what is the matter with one button.
type OffView struct {
	widget.BaseWidget

	OnButton func()

	ground       *Ground
	last         *widget.TextGrid
	lastText     string
	scroll       *container.Scroll
	title, about *Line
	button       *KeyButton
	card         *fyne.Container
}

// NewOffView returns the view on that ground.
func NewOffView(ground fyne.ThemeColorName) *OffView {
	v := &OffView{
		ground: NewGround(ground, 0), last: widget.NewTextGrid(),
		title: NewBold(""), about: NewCaption(""),
	}
	v.title.TextSize = theme.SizeNameSubHeadingText
	v.title.Align, v.about.Align = fyne.TextAlignCenter, fyne.TextAlignCenter
	v.button = NewKeyButton("", theme.MediaPlayIcon(), func() {
		if v.OnButton != nil {
			v.OnButton()
		}
	})
	v.button.Importance = widget.HighImportance
	v.last.Scroll = fyne.ScrollNone
	v.scroll = container.NewScroll(v.last)
	v.ExtendBaseWidget(v)
	return v
}

// Button is the part that takes the focus.
func (v *OffView) Button() *KeyButton { return v.button }

// Set shows what is the matter. An empty button text shows none.
func (v *OffView) Set(title, about, button string) {
	if v.title.Text == title && v.about.Text == about && v.button.Text == button {
		return
	}
	v.title.Set(title)
	v.about.Set(about)
	if v.button.Text != button {
		v.button.SetText(button)
	}
	if button == "" {
		v.button.Hide()
	} else {
		v.button.Show()
	}
	if v.card != nil {
		v.card.Refresh()
	}
}

// lastLines is how many lines of the last text are shown at most.
const lastLines = 200

// SetLast shows plain text as the last text, at its end.
func (v *OffView) SetLast(text string) {
	if v.lastText == text {
		return
	}
	v.lastText = text
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	lines = lines[max(0, len(lines)-lastLines):]
	v.last.SetText(strings.Join(lines, "\n"))
	v.dim()
	v.scroll.Refresh()
	v.scroll.ScrollToBottom()
}

// dim greys the last text.
func (v *OffView) dim() {
	grey := v.Theme().Color(theme.ColorNameDisabled, fyne.CurrentApp().Settings().ThemeVariant())
	for i := range v.last.Rows {
		v.last.Rows[i].Style = &widget.CustomTextGridStyle{FGColor: grey}
	}
	v.last.Refresh()
}

// Refresh implements fyne.Widget.
func (v *OffView) Refresh() {
	v.dim()
	v.BaseWidget.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (v *OffView) CreateRenderer() fyne.WidgetRenderer {
	v.card = container.New(rows(8), v.title, v.about, gap(2),
		container.NewCenter(container.NewGridWrap(fyne.NewSize(180, 38), v.button)))
	plate := NewGround(theme.ColorNameOverlayBackground, 12)
	middle := container.NewCenter(container.NewStack(plate,
		container.New(inset(22, 28), container.New(wide(360), v.card))))
	return widget.NewSimpleRenderer(container.NewStack(v.ground, container.New(inset(4, 6), v.scroll), middle))
}
