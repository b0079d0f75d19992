package widgets

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
)

func showInWindow(t *testing.T, o fyne.CanvasObject, width, height float32) fyne.Window {
	t.Helper()
	test.NewTempApp(t)
	w := test.NewTempWindow(t, o)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(width, height))
	return w
}

func pressKey(o fyne.Focusable, key fyne.KeyName) { o.TypedKey(&fyne.KeyEvent{Name: key}) }

func TestLineIsShortened(t *testing.T) {
	l := NewLine(strings.Repeat("long-name-", 20))
	showInWindow(t, l, 120, 40)
	drawn := test.WidgetRenderer(l).(*lineRenderer).text
	if !strings.HasSuffix(drawn.Text, "…") || drawn.MinSize().Width > 120 {
		t.Errorf("drawn %q, %v wide, want shortened text at most 120 wide", drawn.Text, drawn.MinSize().Width)
	}
	if l.MinSize().Width != 0 {
		t.Errorf("minimum width %v, want 0", l.MinSize().Width)
	}
	l.Set("short")
	if drawn.Text != "short" {
		t.Errorf("drawn %q, want %q", drawn.Text, "short")
	}
}

func TestLineTooNarrowForAnything(t *testing.T) {
	l := NewLine("名前")
	showInWindow(t, l, 1, 40)
	if got := test.WidgetRenderer(l).(*lineRenderer).text.Text; got != "…" {
		t.Errorf("drawn %q, want %q", got, "…")
	}
}

func TestFieldShowsProblem(t *testing.T) {
	f := NewField("Name", "ok", "the hint", "")
	f.Check = func(text string) string {
		if text == "bad" {
			return "it is bad"
		}
		return ""
	}
	changed := 0
	f.OnChanged = func() { changed++ }
	showInWindow(t, f, 300, 100)
	f.SetText("bad")
	if f.noteLine.Text != "it is bad" || f.Valid() || changed != 1 {
		t.Errorf("note %q, %d changes; want the problem and 1 change", f.noteLine.Text, changed)
	}
	f.SetText("good")
	if f.noteLine.Text != "the hint" || !f.Valid() {
		t.Errorf("note %q, want the hint", f.noteLine.Text)
	}
	var calls []string
	f.OnSubmit = func() { calls = append(calls, "submit") }
	f.OnEscape = func() { calls = append(calls, "escape") }
	pressKey(f.Entry(), fyne.KeyReturn)
	pressKey(f.Entry(), fyne.KeyEscape)
	if !slices.Equal(calls, []string{"submit", "escape"}) {
		t.Errorf("callbacks %q, want submit, escape", calls)
	}
	f.SelectAll()
	test.Type(f.Entry(), "x")
	if f.Text() != "x" {
		t.Errorf("text after typing over a selection: got %q, want x", f.Text())
	}
}

func TestDialogKeys(t *testing.T) {
	w := showInWindow(t, widget.NewLabel(""), 800, 600)
	var calls []string
	record := func(what string) func() { return func() { calls = append(calls, what) } }
	ok := &DialogButton{Text: "OK", Default: true, OnTapped: record("ok")}
	d := NewDialog(w.Canvas(), "Title", NewText("text"), "Cancel", ok)
	d.OnDismiss = record("dismiss")
	d.Show(nil)
	pressKey(w.Canvas().Focused(), fyne.KeyReturn)
	ok.SetEnabled(false)
	d.Submit()
	d.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape}) // the disabled button has lost the focus
	if d.Shown() || !slices.Equal(calls, []string{"ok", "dismiss"}) {
		t.Errorf("shown %v, callbacks %q; want false, ok and dismiss", d.Shown(), calls)
	}
}

// Titles of errors often contain a path.
func TestLongTitleWraps(t *testing.T) {
	w := showInWindow(t, widget.NewLabel(""), 800, 600)
	dialogHeight := func(title string) float32 {
		d := NewDialog(w.Canvas(), title, NewText("text"), "Close")
		d.Show(nil)
		defer d.Close()
		return d.popup.Content.Size().Height
	}
	if one, two := dialogHeight("Title"), dialogHeight(strings.Repeat("words of a title ", 5)); two < one+15 {
		t.Errorf("the dialog is %v high with a long title, %v with a short one; want it taller with the long one", two, one)
	}
}

// focusSpy counts how often it loses focus.
type focusSpy struct {
	widget.Entry

	lost int
}

func (f *focusSpy) FocusLost() {
	f.lost++
	f.Entry.FocusLost()
}

// A closed dialog must unfocus its field, whose cursor would keep blinking and redrawing
// the window.
func TestDialogCloseUnfocuses(t *testing.T) {
	for name, closeDialog := range map[string]func(*Dialog){
		"closed":    (*Dialog).Close,
		"dismissed": (*Dialog).Dismiss,
		"below a dialog": func(d *Dialog) {
			d.canvas.Overlays().Add(widget.NewLabel("a dialog"))
			d.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			below := &focusSpy{}
			below.ExtendBaseWidget(below)
			w := showInWindow(t, below, 800, 600)
			w.Canvas().Focus(below)
			field := &focusSpy{}
			field.ExtendBaseWidget(field)
			d := NewDialog(w.Canvas(), "Title", field, "Cancel")
			d.Show(field)
			closeDialog(d)
			if field.lost != 1 || d.Shown() || w.Canvas().Overlays().Top() != nil {
				t.Errorf("the field lost the focus %d times, want 1; dialog open: %v, want false", field.lost, d.Shown())
			}
			if w.Canvas().Focused() != fyne.Focusable(below) {
				t.Error("the widget below lost the focus")
			}
			d.Close() // again
			if w.Canvas().Focused() != fyne.Focusable(below) {
				t.Error("closing the dialog again unfocused the widget below")
			}
		})
	}
}

func TestDialogWithoutDefaultIsDismissedByReturn(t *testing.T) {
	w := showInWindow(t, widget.NewLabel(""), 800, 600)
	done := false
	d := NewDialog(w.Canvas(), "Delete?", NewText("text"), "Cancel",
		&DialogButton{Text: "Delete", Importance: widget.DangerImportance, OnTapped: func() { done = true }})
	d.Show(nil)
	pressKey(w.Canvas().Focused(), fyne.KeyReturn)
	d.Submit()
	if done || d.Shown() {
		t.Error("Return pressed a destructive button or did not dismiss the dialog")
	}
}

func TestVMListKeys(t *testing.T) {
	l := NewVMList()
	var chosen []string
	opened := 0
	l.OnChanged = func(name string) { chosen = append(chosen, name) }
	l.OnOpen = func() { opened++ }
	w := showInWindow(t, l, 240, 400)
	l.Set([]VMItem{{Name: "a"}, {Name: "b"}, {Name: "c"}}, "a")
	if len(chosen) != 0 {
		t.Errorf("Set called OnChanged with %q", chosen)
	}
	w.Canvas().Focus(l)
	pressKey(l, fyne.KeyDown)
	pressKey(l, fyne.KeyDown)
	pressKey(l, fyne.KeyUp)
	pressKey(l, fyne.KeyReturn)
	if !slices.Equal(chosen, []string{"b", "c", "b"}) || opened != 1 {
		t.Errorf("selected %q, opened %d times; want b, c, b; once", chosen, opened)
	}
	l.Set([]VMItem{{Name: "b"}}, "b")
	l.Set(nil, "")
	if len(l.Items()) != 0 {
		t.Error("the list is not empty after Set(nil)")
	}
}

func TestHoverAndFocusDoNotSelect(t *testing.T) {
	l := NewVMList()
	l.OnChanged = func(name string) { t.Errorf("%s was selected", name) }
	w := showInWindow(t, l, 240, 400)
	l.Set([]VMItem{{Name: "a"}, {Name: "b"}, {Name: "c"}}, "b")
	for y := float32(10); y < 200; y += 10 {
		test.MoveMouse(w.Canvas(), fyne.NewPos(100, y))
	}
	w.Canvas().Focus(l)
	if l.selected != "b" {
		t.Errorf("selected %q, want b", l.selected)
	}
}

func TestTimelineKeepsSelection(t *testing.T) {
	l := NewTimeline()
	var chosen []string
	l.OnChanged = func(name string) { chosen = append(chosen, name) }
	showInWindow(t, l, 320, 400)
	l.Set([]TimelineItem{{Name: "b"}, {Name: "a", Description: "with text"}})
	l.SetCurrent("a")
	l.Set([]TimelineItem{{Name: "c"}, {Name: "b"}, {Name: "a"}})
	if l.Current() != "a" || !slices.Equal(chosen, []string{"a"}) {
		t.Errorf("selected %q, callback got %q; want a, only a", l.Current(), chosen)
	}
	var calls []string
	l.OnReturn = func(name string) { calls = append(calls, "return "+name) }
	l.OnDelete = func(name string) { calls = append(calls, "delete "+name) }
	pressKey(l, fyne.KeyReturn)
	pressKey(l, fyne.KeyDelete)
	l.Set([]TimelineItem{{Name: "c"}})
	pressKey(l, fyne.KeyDelete)
	if l.Current() != "" || !slices.Equal(calls, []string{"return a", "delete a"}) {
		t.Errorf("selected %q, callbacks got %q; want none, return a and delete a", l.Current(), calls)
	}
}

func TestTimelineKeepsScrollPosition(t *testing.T) {
	l := NewTimeline()
	showInWindow(t, l, 320, 200)
	items := make([]TimelineItem, 50)
	for i := range items {
		items[i] = TimelineItem{Name: strings.Repeat("n", i+1), Age: "just now"}
	}
	l.Set(items)
	l.SetCurrent("n")
	l.ScrollToBottom()
	at := l.GetScrollOffset()
	items[0].Age = "1 min ago"
	l.Set(items)
	if at == 0 || l.GetScrollOffset() != at {
		t.Errorf("scrolled from %v to %v, want no change", at, l.GetScrollOffset())
	}
}

func TestTimelineRowLayout(t *testing.T) {
	r := newTimelineRow()
	r.set(TimelineItem{Name: "n", Age: "1 h ago", Detail: "d", Description: "text", CurrentLabel: "you are here"}, false, false)
	showInWindow(t, r, 320, r.MinSize().Height)
	rr := test.WidgetRenderer(r).(*timelineRowRenderer)
	if rr.name.Position().X+rr.name.Size().Width > rr.age.Position().X {
		t.Error("name and age overlap")
	}
	if rr.description.Position().Y < rr.detail.Position().Y+rr.detail.Size().Height {
		t.Error("detail and description overlap")
	}
	if bottom := rr.description.Position().Y + rr.description.Size().Height; bottom > r.Size().Height {
		t.Errorf("the description ends at %v, outside the row of height %v", bottom, r.Size().Height)
	}
}

func TestJobBarReusesRows(t *testing.T) {
	b := NewJobBar()
	showInWindow(t, b, 1000, 200)
	if b.Visible() || len(b.Items()) != 0 {
		t.Error("an empty bar is visible")
	}
	b.Set([]JobItem{{ID: 1, Title: "one", Button: "Cancel"}, {ID: 2, Title: "two", Button: "Cancel"}})
	second := b.rows[1]
	var pressed []int64
	b.OnButton = func(id int64) { pressed = append(pressed, id) }
	b.Set([]JobItem{{ID: 2, Title: "two", Fraction: 0.5, Button: "Cancel"}})
	if b.rows[0] != second || second.bar.value != 0.5 {
		t.Error("the row was not reused and updated")
	}
	test.Tap(second.button)
	b.Set([]JobItem{{ID: 2, Title: "two", Phase: "done", Ended: true, Button: "Close"}})
	if second.bar.Visible() || second.button.Text != "Close" {
		t.Error("a finished job still shows its bar")
	}
	b.Set(nil)
	if b.Visible() || !slices.Equal(pressed, []int64{2}) {
		t.Errorf("OnButton got %v, want 2, and the bar hidden", pressed)
	}
}

func TestJobRowFitsNarrowWindows(t *testing.T) {
	b := NewJobBar()
	showInWindow(t, b, 640, 60)
	b.Set([]JobItem{{ID: 1, Title: strings.Repeat("title ", 20), Phase: "Compressing", Numbers: "42 %  ·  180 MB/s  ·  0:12 left", Button: "Cancel"}})
	r := b.rows[0]
	end := float32(0)
	for _, o := range []fyne.CanvasObject{r.icon, r.title, r.phase, r.bar, r.numbers, r.button} {
		if o.Position().X < end {
			t.Errorf("%T at %v overlaps the part that ends at %v", o, o.Position().X, end)
		}
		end = o.Position().X + o.Size().Width
	}
	if end > 640 {
		t.Errorf("the row ends at %v, outside its width", end)
	}
}

func TestBarClampsValue(t *testing.T) {
	b := NewBar()
	showInWindow(t, b, 200, 20)
	r := test.WidgetRenderer(b).(*barRenderer)
	for _, c := range []struct{ set, width float32 }{{-1, 0}, {0.25, 50}, {7, 200}} {
		b.Set(float64(c.set))
		if r.fill.Size().Width != c.width {
			t.Errorf("at %v the bar is %v wide, want it in proportion", c.set, r.fill.Size().Width)
		}
	}
}

func TestFactsOmitEmptyValues(t *testing.T) {
	f := NewFacts()
	showInWindow(t, f, 300, 200)
	f.Set([]Fact{{Label: "a", Value: "1"}, {Label: "b"}, {Label: "c", Value: "3"}})
	if len(f.box.Objects) != 2 {
		t.Errorf("got %d rows, want 2", len(f.box.Objects))
	}
}

func TestOffViewHidesEmptyParts(t *testing.T) {
	v := NewOffView()
	showInWindow(t, v, 600, 400)
	v.Set("broken", "why", "")
	if v.Button().Visible() || !v.message.Visible() {
		t.Error("want text and no button")
	}
	pressed := false
	v.OnButton = func() { pressed = true }
	v.Set("off", "", "Start")
	pressKey(v.Button(), fyne.KeyReturn)
	if v.message.Visible() || !pressed {
		t.Error("want a button and no text")
	}
}

func TestFirstRunIgnoresButtonWhileBusy(t *testing.T) {
	f := NewFirstRun(nil, "title", "about", "Create")
	pressed := 0
	f.OnCreate = func() { pressed++ }
	showInWindow(t, f, 600, 400)
	pressKey(f.Button(), fyne.KeyReturn)
	f.SetBusy("working")
	pressKey(f.Button(), fyne.KeyReturn)
	f.SetBusy("")
	pressKey(f.Button(), fyne.KeySpace)
	if pressed != 2 {
		t.Errorf("pressed %d times, want 2", pressed)
	}
}

func TestFrameLayout(t *testing.T) {
	top, bottom, left, right := NewGap(0, 10), NewGap(0, 20), NewGap(30, 0), NewGap(40, 0)
	middle := NewGap(50, 60)
	c := NewFrame(top, bottom, left, right, middle)
	showInWindow(t, c, 200, 100)
	if c.MinSize() != fyne.NewSize(120, 90) {
		t.Errorf("minimum size %v, want 120 by 90", c.MinSize())
	}
	c.Resize(fyne.NewSize(200, 100))
	if middle.Position() != fyne.NewPos(30, 10) || middle.Size() != fyne.NewSize(130, 70) {
		t.Errorf("middle at %v, size %v; want 30,10, size 130 by 70", middle.Position(), middle.Size())
	}
	right.Hide()
	c.Refresh()
	if middle.Size().Width != 170 {
		t.Errorf("a hidden edge takes up space; middle is %v, want it 170 wide", middle.Size())
	}
}
