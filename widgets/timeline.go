package widgets

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// A Timeline is a VM's snapshots, newest first, on a rail of time. Arrow keys
// choose, Return and Delete act on the chosen one.
type Timeline struct {
	keyList

	// OnChosen is called when another snapshot is chosen, with "" for none.
	OnChosen func(name string)
	// OnReturn and OnDelete act on the chosen snapshot. OnEscape leaves.
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
	t.at = func() int { return t.find(t.chosen) }
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

// act calls what to do with a name, if there is both.
func act(on func(string), name string) {
	if on != nil && name != "" {
		on(name)
	}
}

// Items is what the timeline shows.
func (t *Timeline) Items() []TimelineItem { return slices.Clone(t.items) }

// Chosen is the chosen snapshot's name, or "".
func (t *Timeline) Chosen() string { return t.chosen }

// Choose chooses the named snapshot, or none for "".
func (t *Timeline) Choose(name string) {
	if at := t.find(name); at >= 0 {
		t.pick(at)
		return
	}
	t.UnselectAll()
	t.choose("")
}

// Set shows the items. The chosen one stays chosen wherever it now stands; if
// it is gone, none is.
func (t *Timeline) Set(items []TimelineItem) {
	if slices.Equal(t.items, items) {
		return
	}
	was := t.at()
	t.items = slices.Clone(items)
	for id, item := range items {
		t.SetItemHeight(id, item.height())
	}
	t.move(was, t.at())
	if t.at() < 0 {
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
	if t.OnChosen != nil {
		t.OnChosen(name)
	}
}
