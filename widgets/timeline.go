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

	items  []TimelineItem
	chosen string
}

// NewTimeline returns an empty timeline.
func NewTimeline() *Timeline {
	t := &Timeline{}
	t.Length = func() int { return len(t.items) }
	t.CreateItem = func() fyne.CanvasObject { return newTimelineRow() }
	t.UpdateItem = func(id widget.ListItemID, o fyne.CanvasObject) {
		if id < len(t.items) {
			row := o.(*timelineRow)
			row.point(&t.keyList, id)
			row.set(t.items[id], id == 0, id == len(t.items)-1)
		}
	}
	t.HideSeparators = true
	t.OnSelected = func(id widget.ListItemID) {
		if id < len(t.items) {
			t.choose(t.items[id].Name)
		}
	}
	t.selectedRow = func() int { return t.find(t.chosen) }
	t.onReturn = func() { act(t.OnReturn, t.chosen) }
	t.onDelete = func() { act(t.OnDelete, t.chosen) }
	t.onEscape = func() {
		if t.OnEscape != nil {
			t.OnEscape()
		}
	}
	t.self = t
	t.ExtendBaseWidget(t)
	return t
}

// act calls on(name) unless on is nil or name is empty.
func act(on func(string), name string) {
	if on != nil && name != "" {
		on(name)
	}
}

// Items returns what the timeline shows.
func (t *Timeline) Items() []TimelineItem { return slices.Clone(t.items) }

// Current returns the selected snapshot's name, or "".
func (t *Timeline) Current() string { return t.chosen }

// SetCurrent selects the named snapshot, or none for "".
func (t *Timeline) SetCurrent(name string) {
	if at := t.find(name); at >= 0 {
		t.pick(at)
		return
	}
	t.UnselectAll()
	t.choose("")
}

// Set shows the items. The selected snapshot stays selected even if its row has changed; if it
// is gone, nothing is selected.
func (t *Timeline) Set(items []TimelineItem) {
	if slices.Equal(t.items, items) {
		return
	}
	was := t.selectedRow()
	t.items = slices.Clone(items)
	for id, item := range items {
		t.SetItemHeight(id, item.height())
	}
	t.move(was, t.selectedRow())
	if t.selectedRow() < 0 {
		t.choose("")
	}
	t.Refresh()
}

func (t *Timeline) find(name string) int {
	return slices.IndexFunc(t.items, func(i TimelineItem) bool { return i.Name == name })
}

func (t *Timeline) choose(name string) {
	if t.chosen == name {
		return
	}
	t.chosen = name
	if t.OnChanged != nil {
		t.OnChanged(name)
	}
}
