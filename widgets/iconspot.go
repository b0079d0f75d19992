package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// iconSpot is a small icon to click that never takes the focus; the pointer
// over it gives it a ground.
type iconSpot struct {
	widget.BaseWidget

	on     bool // it can be clicked
	icon   fyne.Resource
	tapped func()

	image *widget.Icon
	under *Ground
}

// The sizes of the spot and of the icon in it.
const (
	spotSize     = 22
	spotIconSize = 14
)

func newIconSpot(icon fyne.Resource, tapped func()) *iconSpot {
	s := &iconSpot{on: true, icon: icon, tapped: tapped, under: NewGround(theme.ColorNameHover, 5)}
	s.under.Hide()
	s.image = widget.NewIcon(icon)
	s.ExtendBaseWidget(s)
	return s
}

// Refresh implements fyne.Widget.
func (s *iconSpot) Refresh() {
	icon := s.icon
	if !s.on {
		icon = theme.NewDisabledResource(icon)
		s.under.Hide()
	}
	s.image.SetResource(icon)
	s.BaseWidget.Refresh()
}

// Tapped implements fyne.Tappable.
func (s *iconSpot) Tapped(*fyne.PointEvent) {
	if s.on {
		s.tapped()
	}
}

// MouseIn implements desktop.Hoverable.
func (s *iconSpot) MouseIn(*desktop.MouseEvent) {
	if s.on {
		s.under.Show()
	}
}

// MouseMoved implements desktop.Hoverable.
func (s *iconSpot) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (s *iconSpot) MouseOut() { s.under.Hide() }

// CreateRenderer implements fyne.Widget.
func (s *iconSpot) CreateRenderer() fyne.WidgetRenderer {
	spot := container.NewGridWrap(fyne.NewSquareSize(spotSize), container.NewStack(s.under,
		container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(spotIconSize), s.image))))
	return widget.NewSimpleRenderer(spot)
}
