package widgets

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// A VMList lists VMs. Arrow keys select a VM; Return opens it.
type VMList struct {
	keyList

	// OnChanged is called when another VM is selected by key or click.
	OnChanged func(name string)
	// OnOpen is called when Return is pressed.
	OnOpen func()

	items  []VMItem
	chosen string
}

// NewVMList returns an empty list.
func NewVMList() *VMList {
	l := &VMList{}
	l.Length = func() int { return len(l.items) }
	l.CreateItem = func() fyne.CanvasObject { return NewVMRow() }
	l.UpdateItem = func(id widget.ListItemID, o fyne.CanvasObject) {
		if id < len(l.items) {
			row := o.(*VMRow)
			row.point(&l.keyList, id)
			row.Set(l.items[id])
		}
	}
	l.HideSeparators = true
	l.OnSelected = func(id widget.ListItemID) {
		if id >= len(l.items) || l.items[id].Name == l.chosen {
			return
		}
		l.chosen = l.items[id].Name
		if l.OnChanged != nil {
			l.OnChanged(l.chosen)
		}
	}
	l.selectedRow = func() int { return l.find(l.chosen) }
	l.onReturn = func() {
		if l.OnOpen != nil {
			l.OnOpen()
		}
	}
	l.self = l
	l.ExtendBaseWidget(l)
	return l
}

// Items returns what the list shows.
func (l *VMList) Items() []VMItem { return slices.Clone(l.items) }

// Set shows the items with the named one selected. It does not call OnChanged.
func (l *VMList) Set(items []VMItem, chosen string) {
	same := slices.Equal(l.items, items)
	if same && l.chosen == chosen {
		return
	}
	was := l.selectedRow()
	l.items = slices.Clone(items)
	l.chosen = chosen
	l.move(was, l.selectedRow())
	if !same {
		l.Refresh()
	}
}

func (l *VMList) find(name string) int {
	return slices.IndexFunc(l.items, func(i VMItem) bool { return i.Name == name })
}
