package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// A VMItem is the content of one row of a VMList.
type VMItem struct {
	Name string
	// Mark is the icon of the VM's state.
	Mark   fyne.Resource
	Detail string
	// Alert shows the detail as a warning.
	Alert bool
}

// A VMRow shows the mark and the name of a VM and, below the name, the detail.
type VMRow struct {
	widget.BaseWidget
	clickableRow

	item   VMItem
	mark   *widget.Icon
	name   *Line
	detail *Line
}

// NewVMRow returns an empty row.
func NewVMRow() *VMRow {
	r := &VMRow{mark: widget.NewIcon(nil), name: NewBold(""), detail: NewCaption("")}
	r.ExtendBaseWidget(r)
	return r
}

// Set shows an item, redrawing only what differs.
func (r *VMRow) Set(item VMItem) {
	if r.item == item {
		return
	}
	if r.item.Mark != item.Mark {
		r.mark.SetResource(item.Mark)
	}
	r.item = item
	r.name.Set(item.Name)
	r.detail.Set(item.Detail)
	if item.Alert {
		r.detail.SetColor(theme.ColorNameError)
	} else {
		r.detail.SetColor(theme.ColorNamePlaceHolder)
	}
}

// CreateRenderer implements fyne.Widget.
func (r *VMRow) CreateRenderer() fyne.WidgetRenderer {
	text := container.New(rowLayout(3), r.name, r.detail)
	mark := container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(18), r.mark))
	return widget.NewSimpleRenderer(container.New(insetLayout(8, 10), container.NewBorder(nil, nil, container.New(insetLayout(0, 2), mark), nil, container.New(verticallyCentered{}, text))))
}
