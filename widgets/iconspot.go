package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// iconSpot is a small clickable icon that never takes the focus. It is highlighted while
// the pointer is over it.
type iconSpot struct {
	widget.BaseWidget

	enabled bool
	icon    fyne.Resource
	tapped  func()

	image     *widget.Icon
	hoverFill *Ground
}

const (
	spotSize     = 22
	spotIconSize = 14
)

func newIconSpot(icon fyne.Resource, tapped func()) *iconSpot {
	s := &iconSpot{enabled: true, icon: icon, tapped: tapped, hoverFill: NewGround(theme.ColorNameHover, 5)}
	s.hoverFill.Hide()
	s.image = widget.NewIcon(icon)
	s.ExtendBaseWidget(s)
	return s
}

// Refresh implements fyne.Widget.
func (s *iconSpot) Refresh() {
	icon := s.icon
	if !s.enabled {
		icon = theme.NewDisabledResource(icon)
		s.hoverFill.Hide()
	}
	s.image.SetResource(icon)
	s.BaseWidget.Refresh()
}

// Tapped implements fyne.Tappable.
func (s *iconSpot) Tapped(*fyne.PointEvent) {
	if s.enabled {
		s.tapped()
	}
}

// MouseIn implements desktop.Hoverable.
func (s *iconSpot) MouseIn(*desktop.MouseEvent) {
	if s.enabled {
		s.hoverFill.Show()
	}
}

// MouseMoved implements desktop.Hoverable.
func (s *iconSpot) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (s *iconSpot) MouseOut() { s.hoverFill.Hide() }

// CreateRenderer implements fyne.Widget.
func (s *iconSpot) CreateRenderer() fyne.WidgetRenderer {
	spot := container.NewGridWrap(fyne.NewSquareSize(spotSize), container.NewStack(s.hoverFill,
		container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(spotIconSize), s.image))))
	return widget.NewSimpleRenderer(spot)
}
