package widgets

import "fyne.io/fyne/v2"

type frameLayout struct{ top, bottom, left, right fyne.CanvasObject }

// NewFrame returns a container with edges, which may be nil, around a middle without padding.
func NewFrame(top, bottom, left, right, middle fyne.CanvasObject) *fyne.Container {
	c := &fyne.Container{Layout: frameLayout{top, bottom, left, right}}
	for _, o := range []fyne.CanvasObject{top, bottom, left, right, middle} {
		if o != nil {
			c.Objects = append(c.Objects, o)
		}
	}
	return c
}

// Layout implements fyne.Layout.
func (f frameLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	at, rest := fyne.NewPos(0, 0), size
	put := func(o fyne.CanvasObject, pos fyne.Position, size fyne.Size) {
		o.Move(pos)
		o.Resize(size)
	}
	if height := heightOf(f.top); height > 0 {
		put(f.top, at, fyne.NewSize(rest.Width, height))
		at.Y += height
		rest.Height -= height
	}
	if height := heightOf(f.bottom); height > 0 {
		rest.Height -= height
		put(f.bottom, at.AddXY(0, rest.Height), fyne.NewSize(rest.Width, height))
	}
	if width := widthOf(f.left); width > 0 {
		put(f.left, at, fyne.NewSize(width, rest.Height))
		at.X += width
		rest.Width -= width
	}
	if width := widthOf(f.right); width > 0 {
		rest.Width -= width
		put(f.right, at.AddXY(rest.Width, 0), fyne.NewSize(width, rest.Height))
	}
	for _, o := range objects {
		if o != f.top && o != f.bottom && o != f.left && o != f.right {
			put(o, at, rest)
		}
	}
}

// MinSize implements fyne.Layout.
func (f frameLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var middle fyne.Size
	for _, o := range objects {
		switch {
		case !o.Visible():
		case o == f.top || o == f.bottom:
			middle.Width = max(middle.Width, o.MinSize().Width-widthOf(f.left)-widthOf(f.right))
		case o == f.left || o == f.right:
			middle.Height = max(middle.Height, o.MinSize().Height)
		default:
			middle = middle.Max(o.MinSize())
		}
	}
	return middle.AddWidthHeight(widthOf(f.left)+widthOf(f.right), heightOf(f.top)+heightOf(f.bottom))
}

func heightOf(o fyne.CanvasObject) float32 {
	if o == nil || !o.Visible() {
		return 0
	}
	return o.MinSize().Height
}

func widthOf(o fyne.CanvasObject) float32 {
	if o == nil || !o.Visible() {
		return 0
	}
	return o.MinSize().Width
}
