package console

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
)

const patience = 20 * time.Second

// bench is a console in a window, the guest's end of its connection, and the
// UI goroutine's queue, which the test pumps.
type bench struct {
	*testing.T
	c     *Console
	guest net.Conn
	ui    chan func()
	sizes chan [2]int
	win   fyne.Window
	calls int // made on the UI goroutine
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, ui: make(chan func(), 1000), sizes: make(chan [2]int, 100)}
	test.NewTempApp(t)
	b.c = New(func(f func()) { b.ui <- f })
	b.c.OnResize = func(cols, rows int) { b.sizes <- [2]int{cols, rows} }
	b.win = test.NewTempWindow(t, b.c)
	b.win.SetPadded(false)
	b.win.Resize(fyne.NewSize(600, 300))
	b.win.Canvas().Focus(b.c)
	b.attach()
	b.until("the size", func() bool { return len(b.sizes) > 0 })
	t.Cleanup(b.c.Detach)
	return b
}

func (b *bench) attach() {
	var ours net.Conn
	ours, b.guest = net.Pipe()
	b.c.Attach(ours)
}

// until pumps the UI until ok.
func (b *bench) until(what string, ok func() bool) {
	b.Helper()
	late := time.After(patience)
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for !ok() {
		select {
		case f := <-b.ui:
			b.calls++
			f()
		case <-look.C:
		case <-late:
			b.Fatalf("waited too long for %s; the text is %q", what, b.c.Text())
		}
	}
}

// write has the guest write, and waits until it is drawn.
func (b *bench) write(text string) {
	b.Helper()
	for _, part := range []string{text, ""} { // the second is read when the first has been taken
		if _, err := io.WriteString(b.guest, part); err != nil {
			b.Fatal(err)
		}
	}
	b.drawn()
}

// drawn waits until everything that changed is drawn.
func (b *bench) drawn() {
	b.Helper()
	b.until("a picture", func() bool {
		b.c.mu.Lock()
		defer b.c.mu.Unlock()
		return !b.c.frames.coming
	})
}

// reads has the guest read what was typed, and compares.
func (b *bench) reads(want string) {
	b.Helper()
	if err := b.guest.SetReadDeadline(time.Now().Add(patience)); err != nil {
		b.Fatal(err)
	}
	got := make([]byte, len(want))
	n, err := io.ReadFull(b.guest, got)
	if err != nil || string(got) != want {
		b.Fatalf("the guest read %q (%v), want %q", got[:n], err, want)
	}
}

// row is a row of the grid as drawn.
func (b *bench) row(n int) string {
	g := b.c.grid.(interface{ RowText(int) string })
	return strings.TrimRight(g.RowText(n), " ")
}

func TestDrawsWhatTheGuestWrites(t *testing.T) {
	b := newBench(t)
	b.write("hello\r\n\x1b[1;31mred\x1b[m 界x\te\u0301")
	if b.row(0) != "hello" || b.row(1) != "red 界x é" {
		t.Errorf("rows are %q and %q", b.row(0), b.row(1))
	}
	style := b.c.grid.(interface {
		Row(int) widget.TextGridRow
	}).Row(1).Cells[0].Style
	if !style.Style().Bold || style.TextColor() == nil {
		t.Errorf("red is drawn as %+v", style)
	}
	if got := b.c.Text(); got != "hello\nred 界x e\u0301" {
		t.Errorf("the text is %q", got)
	}
	b.write("\x1b[2J\x1b[Hx")
	if b.row(0) != "x" || b.row(1) != "" {
		t.Errorf("after clearing, rows are %q and %q", b.row(0), b.row(1))
	}
}

func TestNothingIsDrawnWhenNothingChanged(t *testing.T) {
	b := newBench(t)
	b.write("x")
	before := b.calls
	b.write("\x1b[31m\x1b[m\r\x1b[C\x1b[?2004h")
	if b.calls != before || len(b.ui) != 0 {
		t.Errorf("%d calls to the UI for nothing", b.calls-before)
	}
}

func TestAFloodTakesFewFrames(t *testing.T) {
	b := newBench(t)
	before := b.calls
	start := time.Now()
	done := make(chan error, 1)
	go func() {
		chunk := strings.Repeat("y\r\n", 10000)
		for range 333 {
			if _, err := io.WriteString(b.guest, chunk); err != nil {
				done <- err
				return
			}
		}
		_, err := io.WriteString(b.guest, "the end")
		done <- err
	}()
	b.until("the end", func() bool { return len(done) > 0 })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	b.drawn()
	_, rows := b.c.model.Size()
	if b.row(rows-1) != "the end" {
		t.Errorf("the last row is %q", b.row(rows-1))
	}
	if most := int(time.Since(start)/frameEvery) + 2; b.calls-before > most {
		t.Errorf("%d frames in %v", b.calls-before, time.Since(start))
	}
	b.c.mu.Lock()
	first, end := b.c.model.Lines()
	b.c.mu.Unlock()
	if end-first > 10100 {
		t.Errorf("%d lines are kept", end-first)
	}
}

func TestAGuestThatDoesNotReadHoldsUpNobody(t *testing.T) {
	b := newBench(t)
	for range 3 * queueSize / 100 {
		b.c.PasteText(strings.Repeat("x", 100))
		b.c.TypedRune('x')
	}
	if _, err := b.c.Write([]byte("y")); err == nil && len(b.c.link.queue) > queueSize {
		t.Error("the queue has no end")
	}
	b.write("still here")
	if b.row(0) != "still here" {
		t.Errorf("row is %q", b.row(0))
	}
}

func TestRepliesGoToTheGuest(t *testing.T) {
	b := newBench(t)
	b.c.Feed([]byte("old \x1b[6n"))
	b.write("abc\x1b[6n")
	b.reads("\x1b[1;8R")
}

func TestDetachAndEnd(t *testing.T) {
	b := newBench(t)
	b.write("kept")
	b.c.Detach()
	if _, err := b.guest.Write([]byte("x")); err == nil {
		t.Error("still connected")
	}
	b.drawn()
	b.c.TypedRune('x') // goes nowhere
	if b.row(0) != "kept" || b.c.Attached() {
		t.Errorf("row is %q", b.row(0))
	}
	var ended []error
	b.c.OnClosed = func(err error) { ended = append(ended, err) }
	b.attach()
	b.write(" on")
	b.guest.Close()
	b.until("the end", func() bool { return len(ended) > 0 })
	if ended[0] != nil {
		t.Errorf("ended with %v", ended[0])
	}
	if b.c.Text() != "kept on" || b.c.Attached() {
		t.Errorf("text is %q", b.c.Text())
	}
	b.c.Attach(broken{})
	b.until("the failure", func() bool { return len(ended) > 1 })
	if !errors.Is(ended[1], errBroken) {
		t.Errorf("failed with %v", ended[1])
	}
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Read([]byte) (int, error)  { return 0, errBroken }
func (broken) Write([]byte) (int, error) { return 0, errBroken }
func (broken) Close() error              { return nil }

func TestResizeIsToldOnce(t *testing.T) {
	b := newBench(t)
	first := <-b.sizes
	for w := range 10 {
		b.win.Resize(fyne.NewSize(float32(700+w), 400))
	}
	b.win.Resize(fyne.NewSize(10, 10)) // not a size to work in
	b.win.Resize(fyne.NewSize(800, 400))
	b.until("the size", func() bool { return len(b.sizes) > 0 })
	second := <-b.sizes
	if second[0] <= first[0] || second[1] <= first[1] || len(b.sizes) > 0 {
		t.Errorf("%v, then %v, and %d more", first, second, len(b.sizes))
	}
	if cols, rows := b.c.Cells(); second != [2]int{cols, rows} {
		t.Errorf("told %v, is %d by %d", second, cols, rows)
	}
	b.c.SetFontSize(24)
	b.until("the size in larger letters", func() bool { return len(b.sizes) > 0 })
	if third := <-b.sizes; third[0] >= second[0] || third[1] >= second[1] || b.c.FontSize() != 24 {
		t.Errorf("larger letters: %v after %v", third, second)
	}
}

// TestRowsFollowTheLetters is the height of a row in letters of another size,
// while the guest is silent.
func TestRowsFollowTheLetters(t *testing.T) {
	b := newBench(t)
	b.write("one\r\ntwo")
	for _, size := range []float32{24, 8} {
		b.c.SetFontSize(size)
		content := test.WidgetRenderer(b.c.grid.(fyne.Widget)).Objects()[0].(fyne.Widget)
		for at, row := range test.WidgetRenderer(content).Objects() {
			if want := float32(at) * b.c.cell.Height; row.Position().Y != want || row.Size().Height != b.c.cell.Height {
				t.Fatalf("letters of %v: row %d is at %v and %v high, cells are %v", size, at, row.Position(), row.Size().Height, b.c.cell)
			}
		}
	}
}

func TestTitle(t *testing.T) {
	b := newBench(t)
	var titles []string
	b.c.OnTitle = func(title string) { titles = append(titles, title) }
	b.write("\x1b]2;one\a")
	b.write("x")
	b.write("\x1b]2;two\a")
	if got := strings.Join(titles, ","); got != "one,two" {
		t.Errorf("titles are %s", got)
	}
}

func TestFocusReports(t *testing.T) {
	b := newBench(t)
	b.write("\x1b[?1004h")
	b.win.Canvas().Unfocus()
	b.reads("\x1b[O")
	b.win.Canvas().Focus(b.c)
	b.reads("\x1b[I")
}

func TestHeldPictureIsDrawnAtOnce(t *testing.T) {
	b := newBench(t)
	b.write("\x1b[?2026hhalf\x1b[?2026l whole")
	if b.row(0) != "half whole" {
		t.Errorf("row is %q", b.row(0))
	}
	b.write("\x1b[2J\x1b[H\x1b[?2026hforgotten") // comes after the longest hold
	if b.row(0) != "forgotten" {
		t.Errorf("row is %q", b.row(0))
	}
}

func TestClear(t *testing.T) {
	b := newBench(t)
	b.write("\x1b[?1049hold\x1b[?2004h")
	b.c.Clear()
	b.drawn()
	if b.row(0) != "" || b.c.Text() != "" || b.c.modes().BracketedPaste {
		t.Errorf("row is %q, text is %q", b.row(0), b.c.Text())
	}
}

func TestStartAnew(t *testing.T) {
	b := newBench(t)
	b.write("one\r\ntwo\x1b[?2004h")
	b.c.Recall([]byte(strings.Repeat("late\r\n", 200000)))
	b.c.StartAnew()
	b.write("new")
	b.drawn()
	if b.row(0) != "new" || b.c.modes().BracketedPaste {
		t.Errorf("row is %q, modes %+v", b.row(0), b.c.modes())
	}
	if text := b.c.Text(); !strings.HasPrefix(text, "one\ntwo") || !strings.HasSuffix(text, "\nnew") {
		t.Errorf("the text is %.40q", text)
	}
}

// The console counts on parts of the terminal widget that its documentation
// does not mention.
func TestTheTerminalHasTheGrid(t *testing.T) {
	b := newBench(t)
	r := test.WidgetRenderer(b.c)
	if b.c.grid == nil || len(r.Objects()) != 5 {
		t.Fatal("no grid")
	}
	b.write("x")
	b.c.CreateRenderer() // as after a long time out of sight
	b.drawn()
	if b.row(0) != "x" {
		t.Error("a new grid is not drawn")
	}
}
