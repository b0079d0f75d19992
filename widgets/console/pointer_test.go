package console

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
)

func TestScrolling(t *testing.T) {
	b := newBench(t)
	b.write(strings.Repeat("line\r\n", 100) + "last")
	_, rows := b.c.model.Size()
	b.c.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	b.c.TypedKey(&fyne.KeyEvent{Name: fyne.KeyPageUp})
	b.c.KeyUp(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	b.waitDrawn()
	if b.row(rows-1) != "line" || b.row(0) != "line" {
		t.Errorf("after scrolling up: got last row %q, want line", b.row(rows-1))
	}
	b.c.ScrollBy(-1000)
	b.write("\x1b[1;1H\r\nmore\x1b[999;1H\n\n\n")
	first, _ := b.c.model.Lines()
	if b.c.top != first {
		t.Errorf("the view moved from line %d to %d", first, b.c.top)
	}
	b.c.TypedRune('x')
	b.expectInput("x")
	b.waitDrawn()
	if !b.c.follow {
		t.Error("typing calls not scroll to the end")
	}
	b.c.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 25)})
	b.waitDrawn()
	if b.c.follow {
		t.Error("the wheel calls not scroll")
	}
	b.c.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, -25)})
	if b.waitDrawn(); !b.c.follow {
		t.Error("the wheel calls not scroll back")
	}
	b.write("\x1b[?1049h")
	b.c.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 25)})
	b.expectInput("\x1b[A\x1b[A\x1b[A")
}

func TestSelectAndCopy(t *testing.T) {
	b := newBench(t)
	b.write("one two\r\nthree four")
	at := func(col, row int) fyne.Position {
		return b.c.view.cellPosition(col, row).AddXY(1, 1)
	}
	down := func(p fyne.Position) {
		b.c.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: p}, Button: desktop.MouseButtonPrimary})
		b.c.MouseUp(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: p}, Button: desktop.MouseButtonPrimary})
	}
	downAgain := func(p fyne.Position) {
		b.c.mouse.pressedAt = time.Now().Add(time.Minute) // however slow this machine is
		down(p)
	}
	down(at(4, 0))
	b.c.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: at(5, 1)}})
	b.c.TypedShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyC, Modifier: fyne.KeyModifierControl | fyne.KeyModifierShift})
	if got := fyne.CurrentApp().Clipboard().Content(); got != "two\nthree" {
		t.Errorf("copied %q, want two and three", got)
	}
	b.waitDrawn()
	down(at(1, 1))
	downAgain(at(1, 1))
	if got := b.c.SelectedText(); got != "three" {
		t.Errorf("a double click selected %q, want three", got)
	}
	downAgain(at(1, 1))
	if got := b.c.SelectedText(); got != "three four" {
		t.Errorf("a triple click selected %q, want the line", got)
	}
	b.c.SelectAll()
	if got := b.c.SelectedText(); got != "one two\nthree four" {
		t.Errorf("SelectAll selected %q, want both lines", got)
	}
	down(at(9, 0))
	if got := b.c.SelectedText(); got != "" {
		t.Errorf("a click selected %q, want none", got)
	}
}

func TestPaste(t *testing.T) {
	b := newBench(t)
	fyne.CurrentApp().Clipboard().SetContent("a\x1b[201~\r\nb\tc\n\x00\u009b")
	b.c.TypedShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyV, Modifier: fyne.KeyModifierControl | fyne.KeyModifierShift})
	b.expectInput("a[201~\rb\tc\r")
	b.write("\x1b[?2004h")
	b.c.TypedShortcut(&fyne.ShortcutPaste{Secondary: true})
	b.expectInput("\x1b[200~a[201~\rb\tc\r\x1b[201~")
}

func TestMouseReports(t *testing.T) {
	b := newBench(t)
	b.write("\x1b[?1002;1006h")
	event := func(button desktop.MouseButton) *desktop.MouseEvent {
		return &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: b.c.view.cellPosition(2, 1)}, Button: button, Modifier: fyne.KeyModifierControl}
	}
	b.c.MouseDown(event(desktop.MouseButtonPrimary))
	b.expectInput("\x1b[<16;3;2M")
	b.c.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: b.c.view.cellPosition(3, 1)}})
	b.expectInput("\x1b[<32;4;2M")
	b.c.MouseUp(event(desktop.MouseButtonPrimary))
	b.expectInput("\x1b[<16;3;2m")
	b.c.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, -25)})
	b.expectInput("\x1b[<65;1;1M")
	b.write("\x1b[?1006l")
	b.c.MouseDown(event(desktop.MouseButtonSecondary))
	b.expectInput("\x1b[M" + string([]byte{32 + 2 + 16, 35, 34}))
}

func TestRiskyPaste(t *testing.T) {
	b := newBench(t)
	var asked []string
	b.c.OnRiskyPaste = func(text string) { asked = append(asked, text) }
	paste := func(text string) {
		fyne.CurrentApp().Clipboard().SetContent(text)
		b.c.Paste()
	}
	paste("one line\x00\x1b")
	b.expectInput("one line")
	paste("rm -r x\n")
	if len(asked) != 1 || asked[0] != "rm -r x\n" {
		t.Fatalf("asked about %q, want the text with a line", asked)
	}
	b.c.PasteText(asked[0])
	b.expectInput("rm -r x\r")
	b.write("\x1b[?2004h")
	paste("two\nlines")
	b.expectInput("\x1b[200~two\rlines\x1b[201~")
	if len(asked) != 1 {
		t.Errorf("asked about %q although the guest uses bracketed paste", asked)
	}
	lost := 0
	b.c.OnPasteLost = func() { lost++ }
	b.c.PasteText(strings.Repeat("x", queueSize+1))
	b.c.PasteText("y")
	if b.expectInput("\x1b[200~y\x1b[201~"); lost != 1 {
		t.Errorf("%d pastes were lost, want only the one that is too large", lost)
	}
}

func TestNewTextBelowTheView(t *testing.T) {
	b := newBench(t)
	var reported []bool
	b.c.OnBelow = func(below bool) { reported = append(reported, below) }
	b.write(strings.Repeat("line\r\n", 100))
	b.c.ScrollBy(-20)
	b.waitDrawn()
	top := b.row(0)
	if b.write("more\r\n"); len(reported) != 1 || !reported[0] || b.row(0) != top {
		t.Errorf("OnBelow: got %v, want one true; first row: got %q, want %q", reported, b.row(0), top)
	}
	b.c.ScrollBy(5)
	b.write("more\r\n")
	if b.c.ScrollToEnd(); len(reported) != 1 {
		t.Errorf("OnBelow: got %v, want no second report", reported)
	}
	if b.waitDrawn(); len(reported) != 2 || reported[1] {
		t.Errorf("at the end: OnBelow got %v, want true and false", reported)
	}
}

func TestClearStopsRecall(t *testing.T) {
	b := newBench(t)
	b.c.Recall([]byte(strings.Repeat("old\r\n", 200000)))
	b.c.Clear()
	b.write("new")
	if got := b.c.Text(); got != "new" {
		t.Errorf("Text() = %.40q, want new", got)
	}
	b.c.Recall([]byte(" and old"))
	b.waitFor("the recalled text", func() bool { return b.c.Text() == "new and old" })
}

func TestResizeHeightKeepsView(t *testing.T) {
	b := newBench(t)
	for i := range 100 {
		b.write(fmt.Sprintf("line %d\r\n", i))
	}
	b.c.ScrollBy(-40)
	b.waitDrawn()
	top := b.row(0)
	b.c.SelectAll()
	rows := (<-b.sizes)[1]
	b.win.Resize(fyne.NewSize(600, 240))
	b.waitFor("the size", func() bool { return len(b.sizes) > 0 && (<-b.sizes)[1] < rows })
	if b.waitDrawn(); b.row(0) != top || b.c.SelectedText() == "" {
		t.Errorf("the view moved from %q to %q; selected %.20q, want all text", top, b.row(0), b.c.SelectedText())
	}
}

func TestFirstSizeIsAlwaysReported(t *testing.T) {
	b := newBench(t)
	reported := 0
	c := New(func(f func()) { b.ui <- f })
	c.OnResize = func(cols, rows int) {
		if cols == initialCols && rows == initialRows {
			reported++
		}
	}
	win := test.NewTempWindow(t, c)
	win.SetPadded(false)
	win.Resize(fyne.NewSize(initialCols*c.view.cell.Width+1, initialRows*c.view.cell.Height+1))
	b.waitFor("the size", func() bool { return reported == 1 })
}
