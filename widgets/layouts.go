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

// rowLayout stacks objects with space between them.
func rowLayout(space float32) fyne.Layout { return layout.NewCustomPaddedVBoxLayout(space) }

// columnLayout places objects side by side with space between them.
func columnLayout(space float32) fyne.Layout { return layout.NewCustomPaddedHBoxLayout(space) }

// insetLayout pads its only object.
func insetLayout(vertical, horizontal float32) fyne.Layout {
	return layout.NewCustomPaddedLayout(vertical, vertical, horizontal, horizontal)
}

// fixedWidth is a layout that gives its objects that width, and the height of the tallest object.
type fixedWidth float32

// Layout implements fyne.Layout.
func (w fixedWidth) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.NewPos(0, 0))
		o.Resize(fyne.NewSize(float32(w), size.Height))
	}
}

// MinSize implements fyne.Layout. The width is set first, since it decides the height of
// wrapped text.
func (w fixedWidth) MinSize(objects []fyne.CanvasObject) fyne.Size {
	height := float32(0)
	for _, o := range objects {
		if o.Size().Width != float32(w) {
			o.Resize(fyne.NewSize(float32(w), o.Size().Height))
		}
		height = max(height, o.MinSize().Height)
	}
	return fyne.NewSize(float32(w), height)
}

// verticallyCentered centers its objects vertically at their minimum height and full width.
type verticallyCentered struct{}

// Layout implements fyne.Layout.
func (verticallyCentered) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		height := min(o.MinSize().Height, size.Height)
		o.Move(fyne.NewPos(0, (size.Height-height)/2))
		o.Resize(fyne.NewSize(size.Width, height))
	}
}

// MinSize implements fyne.Layout.
func (verticallyCentered) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var size fyne.Size
	for _, o := range objects {
		size = size.Max(o.MinSize())
	}
	return size
}

// NewMiddle centers an object vertically at full width.
func NewMiddle(o fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: verticallyCentered{}, Objects: []fyne.CanvasObject{o}}
}
