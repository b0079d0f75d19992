package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// A Bar is a slim progress bar.
type Bar struct {
	widget.BaseWidget

	value float64
}

// NewBar returns a bar at 0.
func NewBar() *Bar {
	b := &Bar{}
	b.ExtendBaseWidget(b)
	return b
}

// Set moves the bar to value, clamped to 0..1.
func (b *Bar) Set(value float64) {
	value = min(1, max(0, value))
	if b.value == value {
		return
	}
	b.value = value
	b.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (b *Bar) CreateRenderer() fyne.WidgetRenderer {
	r := &barRenderer{bar: b, track: &canvas.Rectangle{}, fill: &canvas.Rectangle{}}
	r.Refresh()
	return r
}

const barHeight = 6

type barRenderer struct {
	bar         *Bar
	track, fill *canvas.Rectangle
}

func (r *barRenderer) Layout(size fyne.Size) {
	y := (size.Height - barHeight) / 2
	r.track.Move(fyne.NewPos(0, y))
	r.track.Resize(fyne.NewSize(size.Width, barHeight))
	r.fill.Move(fyne.NewPos(0, y))
	r.fill.Resize(fyne.NewSize(size.Width*float32(r.bar.value), barHeight))
}

func (r *barRenderer) MinSize() fyne.Size { return fyne.NewSize(60, barHeight) }

func (r *barRenderer) Refresh() {
	th, variant := r.bar.Theme(), fyne.CurrentApp().Settings().ThemeVariant()
	r.track.FillColor = th.Color(theme.ColorNameButton, variant)
	r.fill.FillColor = th.Color(theme.ColorNamePrimary, variant)
	r.track.CornerRadius, r.fill.CornerRadius = barHeight/2, barHeight/2
	r.fill.Hidden = r.bar.value == 0
	r.Layout(r.bar.Size())
	r.track.Refresh()
	r.fill.Refresh()
}

func (r *barRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.track, r.fill}
}

func (r *barRenderer) Destroy() {}
