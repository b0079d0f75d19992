package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// A Ground fills its area with a color of the theme.
type Ground struct {
	widget.BaseWidget

	name   fyne.ThemeColorName
	radius float32
}

// NewGround returns a ground whose corners have the given radius.
func NewGround(name fyne.ThemeColorName, radius float32) *Ground {
	g := &Ground{name: name, radius: radius}
	g.ExtendBaseWidget(g)
	return g
}

// CreateRenderer implements fyne.Widget.
func (g *Ground) CreateRenderer() fyne.WidgetRenderer {
	r := &groundRenderer{WidgetRenderer: nil, ground: g, rect: &canvas.Rectangle{CornerRadius: g.radius}}
	r.WidgetRenderer = widget.NewSimpleRenderer(r.rect)
	r.updateColor()
	return r
}

type groundRenderer struct {
	fyne.WidgetRenderer

	ground *Ground
	rect   *canvas.Rectangle
}

func (r *groundRenderer) updateColor() {
	r.rect.FillColor = r.ground.Theme().Color(r.ground.name, fyne.CurrentApp().Settings().ThemeVariant())
}

func (r *groundRenderer) Refresh() {
	r.updateColor()
	r.rect.Refresh()
}
