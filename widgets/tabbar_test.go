package widgets

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
)

func TestTabBar(t *testing.T) {
	test.NewTempApp(t)
	b := NewTabBar()
	var calls []string
	b.OnSelect = func(at int) { calls = append(calls, "choose "+b.Items()[at].Label) }
	b.OnClose = func(at int) { calls = append(calls, "close "+b.Items()[at].Label) }
	b.OnAdd = func() { calls = append(calls, "add") }
	win := test.NewTempWindow(t, b)
	win.Resize(fyne.NewSize(160, tabHeight))
	items := []TabItem{{Label: "Console"}, {Label: "Shell 1", CanClose: true}, {Label: "Shell 2", CanClose: true}}
	b.Set(items, 2, true)
	if b.scroll.Offset.X <= 0 {
		t.Error("the tab in front is out of sight")
	}
	b.Set(items, 0, true)
	if b.scroll.Offset.X != 0 {
		t.Errorf("the first tab is out of sight, at %v", b.scroll.Offset.X)
	}
	test.TapCanvas(win.Canvas(), fyne.NewPos(20, 10))
	tab := b.row.Objects[1]
	test.Tap(tab.(fyne.Tappable))
	firstWidget[*iconSpot](t, tab).Tapped(nil)
	b.add.Tapped(nil)
	b.Set(items, 0, false)
	b.add.Tapped(nil) // the button is disabled
	if want := []string{"choose Console", "choose Shell 1", "close Shell 1", "add"}; !slices.Equal(calls, want) {
		t.Errorf("did %q, want %q", calls, want)
	}
}

// firstWidget returns the first widget of a type within an object.
func firstWidget[T fyne.CanvasObject](t *testing.T, o fyne.CanvasObject) T {
	t.Helper()
	var found []T
	var walk func(fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		if w, ok := o.(T); ok {
			found = append(found, w)
		}
		switch o := o.(type) {
		case *fyne.Container:
			for _, child := range o.Objects {
				walk(child)
			}
		case fyne.Widget:
			for _, child := range test.WidgetRenderer(o).Objects() {
				walk(child)
			}
		}
	}
	walk(o)
	if len(found) == 0 {
		t.Fatal("the object does not contain such a widget")
	}
	return found[0]
}
