package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// pointed makes a row of a keyList take both mouse buttons: the left one
// chooses the row, as on every list; the right one chooses it and opens its menu.
type pointed struct {
	list *keyList
	row  widget.ListItemID
}

// point tells the row which one of its list it now shows.
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
