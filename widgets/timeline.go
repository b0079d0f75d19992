package widgets

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// A Timeline shows snapshots, newest first, along a vertical line. Arrow keys select a
// snapshot; Return and Delete act on it.
type Timeline struct {
	keyList

	// OnChanged is called when the selection changes, with "" if nothing is selected.
	OnChanged func(name string)
	// OnReturn and OnDelete are called with the selected snapshot when that key is pressed,
	// OnEscape when Escape is.
	OnReturn, OnDelete func(name string)
	OnEscape           func()

	items   []TimelineItem
	current string
}

// NewTimeline returns an empty timeline.
func NewTimeline() *Timeline {
	t := &Timeline{}
	t.Length = func() int { return len(t.items) }
	t.CreateItem = func() fyne.CanvasObject { return newTimelineRow() }
	t.UpdateItem = func(id widget.ListItemID, o fyne.CanvasObject) {
		if id < len(t.items) {
			row := o.(*timelineRow)
			row.setRow(&t.keyList, id)
			row.set(t.items[id], id == 0, id == len(t.items)-1)
		}
	}
	t.HideSeparators = true
	t.OnSelected = func(id widget.ListItemID) {
		if id < len(t.items) {
			t.setCurrent(t.items[id].Name)
		}
	}
	t.selectedRow = func() int { return t.indexOf(t.current) }
	t.onReturn = func() { callWithName(t.OnReturn, t.current) }
	t.onDelete = func() { callWithName(t.OnDelete, t.current) }
	t.onEscape = func() { callIfSet(t.OnEscape) }
	t.focusTarget = t
	t.ExtendBaseWidget(t)
	return t
}

// callWithName calls on(name) unless on is nil or name is empty.
func callWithName(on func(string), name string) {
	if on != nil && name != "" {
		on(name)
	}
}

// Items returns what the timeline shows.
func (t *Timeline) Items() []TimelineItem { return slices.Clone(t.items) }

// Current returns the selected snapshot's name, or "".
func (t *Timeline) Current() string { return t.current }

// SetCurrent selects the named snapshot, or none for "".
func (t *Timeline) SetCurrent(name string) {
	if at := t.indexOf(name); at >= 0 {
		t.selectRow(at)
		return
	}
	t.UnselectAll()
	t.setCurrent("")
}

// Set shows the items. The selected snapshot stays selected even if its row has changed; if it
// is gone, nothing is selected.
func (t *Timeline) Set(items []TimelineItem) {
	if slices.Equal(t.items, items) {
		return
	}
	oldRow := t.selectedRow()
	t.items = slices.Clone(items)
	for id, item := range items {
		t.SetItemHeight(id, item.rowHeight())
	}
	t.updateSelection(oldRow, t.selectedRow())
	if t.selectedRow() < 0 {
		t.setCurrent("")
	}
	t.Refresh()
}

func (t *Timeline) indexOf(name string) int {
	return slices.IndexFunc(t.items, func(i TimelineItem) bool { return i.Name == name })
}

func (t *Timeline) setCurrent(name string) {
	if t.current == name {
		return
	}
	t.current = name
	if t.OnChanged != nil {
		t.OnChanged(name)
	}
}
