package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/layout"
)

// gap is an empty place of that width and height.
func gap(size float32) fyne.CanvasObject {
	return NewGap(size, size)
}

// NewGap is an empty place.
func NewGap(width, height float32) fyne.CanvasObject {
	r := canvas.NewRectangle(color.Transparent)
	r.SetMinSize(fyne.NewSize(width, height))
	return r
}

// rows stacks objects with that many units between them.
func rows(space float32) fyne.Layout { return layout.NewCustomPaddedVBoxLayout(space) }

// columns sets objects beside each other with that many units between them.
func columns(space float32) fyne.Layout { return layout.NewCustomPaddedHBoxLayout(space) }

// inset keeps a distance around its one object.
func inset(vertical, horizontal float32) fyne.Layout {
	return layout.NewCustomPaddedLayout(vertical, vertical, horizontal, horizontal)
}

// wide is a layout that makes its objects exactly that wide and as high as the
// highest.
type wide float32

// Layout implements fyne.Layout.
func (w wide) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.NewPos(0, 0))
		o.Resize(fyne.NewSize(float32(w), size.Height))
	}
}

// MinSize implements fyne.Layout. The width is set first: wrapped text is only
// then as high as it will be.
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

// middle centres its objects vertically at their minimal height, over the
// whole width.
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

// NewMiddle sets an object over the whole width, in the middle of the height.
func NewMiddle(o fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: middle{}, Objects: []fyne.CanvasObject{o}}
}
