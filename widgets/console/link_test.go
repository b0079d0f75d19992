package console

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

func mouseEvent(p fyne.Position, mods fyne.KeyModifier) *desktop.MouseEvent {
	return &desktop.MouseEvent{
		PointEvent: fyne.PointEvent{Position: p}, Button: desktop.MouseButtonPrimary, Modifier: mods,
	}
}

func TestLinkIsHighlightedBeforeOpened(t *testing.T) {
	b := newBench(t)
	var calls []string
	record := func(what string) func(*url.URL) {
		return func(u *url.URL) { calls = append(calls, fmt.Sprint(what, " ", u)) }
	}
	b.c.OnLink, b.c.OnOpen = record("over"), record("open")
	b.write("see http://a.example/x now")
	in, out := b.c.view.cellPosition(10, 0).AddXY(1, 1), b.c.view.cellPosition(1, 0).AddXY(1, 1)
	b.c.MouseDown(mouseEvent(in, fyne.KeyModifierControl)) // it was not highlighted yet
	b.c.MouseMoved(mouseEvent(in, 0))
	b.c.MouseMoved(mouseEvent(in.AddXY(1, 0), 0))
	b.c.MouseDown(mouseEvent(in, 0))
	b.c.MouseDown(mouseEvent(in, fyne.KeyModifierControl))
	b.c.MouseDown(mouseEvent(out, fyne.KeyModifierControl))
	b.c.MouseMoved(mouseEvent(out, 0))
	b.c.MouseMoved(mouseEvent(in, 0))
	b.write("\rsee http://evil.example")
	b.c.MouseDown(mouseEvent(in, fyne.KeyModifierControl)) // another one was highlighted
	b.c.MouseOut()
	b.c.MouseOut()
	const link = "http://a.example/x"
	want := []string{"over " + link, "open " + link, "over <nil>", "over " + link, "over <nil>"}
	if got, want := strings.Join(calls, ", "), strings.Join(want, ", "); got != want {
		t.Errorf("calls %s, want %s", got, want)
	}
}

func TestSelectionBeyondTheView(t *testing.T) {
	b := newBench(t)
	for i := range 200 {
		b.write(fmt.Sprintf("line %d\r\n", i))
	}
	b.c.MouseDown(mouseEvent(b.c.view.cellPosition(0, 2).AddXY(1, 1), 0))
	b.c.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(1, -3*b.c.view.cell.Height)}})
	b.waitFor("the top", func() bool { return strings.HasPrefix(b.c.SelectedText(), "line 0\n") })
	b.c.DragEnd()
	b.waitFor("the end of the drag scroll", func() bool { return !b.c.mouse.scroll.running })
	if got := strings.Count(b.c.SelectedText(), "\n"); got < 150 {
		t.Errorf("got %d selected lines, want at least 150", got)
	}
}
