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

	items    []VMItem
	selected string
}

// NewVMList returns an empty list.
func NewVMList() *VMList {
	l := &VMList{}
	l.Length = func() int { return len(l.items) }
	l.CreateItem = func() fyne.CanvasObject { return NewVMRow() }
	l.UpdateItem = func(id widget.ListItemID, o fyne.CanvasObject) {
		if id < len(l.items) {
			row := o.(*VMRow)
			row.setRow(&l.keyList, id)
			row.Set(l.items[id])
		}
	}
	l.HideSeparators = true
	l.OnSelected = func(id widget.ListItemID) {
		if id >= len(l.items) || l.items[id].Name == l.selected {
			return
		}
		l.selected = l.items[id].Name
		if l.OnChanged != nil {
			l.OnChanged(l.selected)
		}
	}
	l.selectedRow = func() int { return l.indexOf(l.selected) }
	l.onReturn = func() { callIfSet(l.OnOpen) }
	l.focusTarget = l
	l.ExtendBaseWidget(l)
	return l
}

// Items returns what the list shows.
func (l *VMList) Items() []VMItem { return slices.Clone(l.items) }

// Set shows the items with the named one selected. It does not call OnChanged.
func (l *VMList) Set(items []VMItem, selected string) {
	same := slices.Equal(l.items, items)
	if same && l.selected == selected {
		return
	}
	oldRow := l.selectedRow()
	l.items = slices.Clone(items)
	l.selected = selected
	l.updateSelection(oldRow, l.selectedRow())
	if !same {
		l.Refresh()
	}
}

func (l *VMList) indexOf(name string) int {
	return slices.IndexFunc(l.items, func(i VMItem) bool { return i.Name == name })
}
