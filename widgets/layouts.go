package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/layout"
)

// gap returns an empty square.
func gap(size float32) fyne.CanvasObject {
	return NewGap(size, size)
}

// NewGap returns an empty area.
func NewGap(width, height float32) fyne.CanvasObject {
	r := canvas.NewRectangle(color.Transparent)
	r.SetMinSize(fyne.NewSize(width, height))
	return r
}

// rows stacks objects with space between them.
func rows(space float32) fyne.Layout { return layout.NewCustomPaddedVBoxLayout(space) }

// columns places objects side by side with space between them.
func columns(space float32) fyne.Layout { return layout.NewCustomPaddedHBoxLayout(space) }

// inset pads its only object.
func inset(vertical, horizontal float32) fyne.Layout {
	return layout.NewCustomPaddedLayout(vertical, vertical, horizontal, horizontal)
}

// wide is a layout that gives its objects that width, and the height of the tallest object.
type wide float32

// Layout implements fyne.Layout.
func (w wide) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.NewPos(0, 0))
		o.Resize(fyne.NewSize(float32(w), size.Height))
	}
}

// MinSize implements fyne.Layout. The width is set first, since it decides the height of
// wrapped text.
func (w wide) MinSize(objects []fyne.CanvasObject) fyne.Size {
	height := float32(0)
	for _, o := range objects {
		if o.Size().Width != float32(w) {
			o.Resize(fyne.NewSize(float32(w), o.Size().Height))
		}
		height = max(height, o.MinSize().Height)
	}
	return fyne.NewSize(float32(w), height)
}

// middle centers its objects vertically at their minimum height and full width.
type middle struct{}

// Layout implements fyne.Layout.
func (middle) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		height := min(o.MinSize().Height, size.Height)
		o.Move(fyne.NewPos(0, (size.Height-height)/2))
		o.Resize(fyne.NewSize(size.Width, height))
	}
}

// MinSize implements fyne.Layout.
func (middle) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var size fyne.Size
	for _, o := range objects {
		size = size.Max(o.MinSize())
	}
	return size
}

// NewMiddle centers an object vertically at full width.
func NewMiddle(o fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: middle{}, Objects: []fyne.CanvasObject{o}}
}
