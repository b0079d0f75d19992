package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// pointed makes a row of a keyList react to both mouse buttons: the left one selects the
// row, the right one also opens its menu.
type pointed struct {
	list *keyList
	row  widget.ListItemID
}

// point sets which row of the list the widget shows.
func (p *pointed) point(list *keyList, row widget.ListItemID) { p.list, p.row = list, row }

// Tapped implements fyne.Tappable.
func (p *pointed) Tapped(*fyne.PointEvent) {
	if p.list != nil {
		p.list.take(p.row)
	}
}

// TappedSecondary implements fyne.SecondaryTappable.
func (p *pointed) TappedSecondary(at *fyne.PointEvent) {
	if p.list == nil {
		return
	}
	p.list.take(p.row)
	if p.list.OnMenu != nil {
		p.list.OnMenu(at.AbsolutePosition)
	}
}
