package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// clickableRow makes a row of a keyList react to both mouse buttons: the left one selects the
// row, the right one also opens its menu.
type clickableRow struct {
	list *keyList
	row  widget.ListItemID
}

// setRow sets which row of the list the widget shows.
func (r *clickableRow) setRow(list *keyList, row widget.ListItemID) { r.list, r.row = list, row }

// Tapped implements fyne.Tappable.
func (r *clickableRow) Tapped(*fyne.PointEvent) {
	if r.list != nil {
		r.list.selectClicked(r.row)
	}
}

// TappedSecondary implements fyne.SecondaryTappable.
func (r *clickableRow) TappedSecondary(at *fyne.PointEvent) {
	if r.list == nil {
		return
	}
	r.list.selectClicked(r.row)
	if r.list.OnMenu != nil {
		r.list.OnMenu(at.AbsolutePosition)
	}
}
