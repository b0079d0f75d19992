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
	var did []string
	b.OnSelect = func(at int) { did = append(did, "choose "+b.Items()[at].Label) }
	b.OnClose = func(at int) { did = append(did, "close "+b.Items()[at].Label) }
	b.OnAdd = func() { did = append(did, "add") }
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
	walkTo[*iconSpot](t, tab).Tapped(nil)
	b.add.Tapped(nil)
	b.Set(items, 0, false)
	b.add.Tapped(nil) // the button is disabled
	if want := []string{"choose Console", "choose Shell 1", "close Shell 1", "add"}; !slices.Equal(did, want) {
		t.Errorf("did %q, want %q", did, want)
	}
}

// walkTo returns the first widget of a type within an object.
func walkTo[T fyne.CanvasObject](t *testing.T, o fyne.CanvasObject) T {
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
