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

const waitTimeout = 2 * time.Minute

// bench is a console in a window, the guest's end of its connection, and the queue of the UI
// goroutine, which the test drains.
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
	b.waitFor("the size", func() bool { return len(b.sizes) > 0 })
	t.Cleanup(b.c.Detach)
	return b
}

func (b *bench) attach() {
	var ours net.Conn
	ours, b.guest = net.Pipe()
	b.c.Attach(ours)
}

func (b *bench) isAttached() bool {
	b.c.mu.Lock()
	defer b.c.mu.Unlock()
	return b.c.connection != nil
}

// waitFor drains the UI queue until ok returns true.
func (b *bench) waitFor(what string, ok func() bool) {
	b.Helper()
	timeout := time.After(waitTimeout)
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for !ok() {
		select {
		case f := <-b.ui:
			b.calls++
			f()
		case <-ticker.C:
		case <-timeout:
			b.Fatalf("timed out waiting for %s; text: %q", what, b.c.Text())
		}
	}
}

// write writes as the guest, and waits until the text is drawn.
func (b *bench) write(text string) {
	b.Helper()
	for _, part := range []string{text, ""} { // once the empty part is read, the text has been processed
		if _, err := io.WriteString(b.guest, part); err != nil {
			b.Fatal(err)
		}
	}
	b.waitDrawn()
}

// waitDrawn waits until all changes are drawn.
func (b *bench) waitDrawn() {
	b.Helper()
	b.waitFor("a picture", func() bool {
		b.c.mu.Lock()
		defer b.c.mu.Unlock()
		return !b.c.frames.pending
	})
}

// expectInput checks that the guest reads the given input.
func (b *bench) expectInput(want string) {
	b.Helper()
	if err := b.guest.SetReadDeadline(time.Now().Add(waitTimeout)); err != nil {
		b.Fatal(err)
	}
	got := make([]byte, len(want))
	n, err := io.ReadFull(b.guest, got)
	if err != nil || string(got) != want {
		b.Fatalf("the guest read %q (%v), want %q", got[:n], err, want)
	}
}

// row returns a row of the grid as drawn.
func (b *bench) row(n int) string {
	g := b.c.view.grid.(interface{ RowText(int) string })
	return strings.TrimRight(g.RowText(n), " ")
}

func TestDrawsGuestOutput(t *testing.T) {
	b := newBench(t)
	b.write("hello\r\n\x1b[1;31mred\x1b[m 界x\te\u0301")
	if b.row(0) != "hello" || b.row(1) != "red 界x é" {
		t.Errorf("got rows %q and %q, want hello and the red text", b.row(0), b.row(1))
	}
	style := b.c.view.grid.(interface {
		Row(int) widget.TextGridRow
	}).Row(1).Cells[0].Style
	if !style.Style().Bold || style.TextColor() == nil {
		t.Errorf("style of the red text: got %+v, want bold and a color", style)
	}
	if got := b.c.Text(); got != "hello\nred 界x e\u0301" {
		t.Errorf("Text() = %q, want both lines", got)
	}
	b.write("\x1b[2J\x1b[Hx")
	if b.row(0) != "x" || b.row(1) != "" {
		t.Errorf("after clearing: got rows %q and %q, want x and an empty row", b.row(0), b.row(1))
	}
}

func TestIdleDrawsNothing(t *testing.T) {
	b := newBench(t)
	b.write("x")
	before := b.calls
	b.write("\x1b[31m\x1b[m\r\x1b[C\x1b[?2004h")
	if b.calls != before || len(b.ui) != 0 {
		t.Errorf("%d calls to the UI while idle, want 0", b.calls-before)
	}
}

func TestFloodTakesFewFrames(t *testing.T) {
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
	b.waitFor("the end", func() bool { return len(done) > 0 })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	b.waitDrawn()
	_, rows := b.c.model.Size()
	if b.row(rows-1) != "the end" {
		t.Errorf("last row: got %q, want the end", b.row(rows-1))
	}
	if most := int(time.Since(start)/frameInterval) + 2; b.calls-before > most {
		t.Errorf("got %d frames in %v, want at most 30 a second", b.calls-before, time.Since(start))
	}
	b.c.mu.Lock()
	first, end := b.c.model.Lines()
	b.c.mu.Unlock()
	if end-first > 10100 {
		t.Errorf("got %d lines, want at most 10100", end-first)
	}
}

func TestGuestThatDoesNotReadBlocksNobody(t *testing.T) {
	b := newBench(t)
	for range 3 * queueSize / 100 {
		b.c.PasteText(strings.Repeat("x", 100))
		b.c.TypedRune('x')
	}
	if _, err := b.c.Write([]byte("y")); err == nil && len(b.c.connection.queue) > queueSize {
		t.Error("the queue is longer than queueSize")
	}
	b.write("still here")
	if b.row(0) != "still here" {
		t.Errorf("got row %q, want still here", b.row(0))
	}
}

func TestRepliesGoToTheGuest(t *testing.T) {
	b := newBench(t)
	b.c.Feed([]byte("old \x1b[6n"))
	b.write("abc\x1b[6n")
	b.expectInput("\x1b[1;8R")
}

func TestDetachAndEnd(t *testing.T) {
	b := newBench(t)
	b.write("kept")
	b.c.Detach()
	if _, err := b.guest.Write([]byte("x")); err == nil {
		t.Error("the connection is still open after Detach")
	}
	b.waitDrawn()
	b.c.TypedRune('x') // is dropped
	if b.row(0) != "kept" || b.isAttached() {
		t.Errorf("after Detach: got row %q, want kept, and a detached console", b.row(0))
	}
	var ended []error
	b.c.OnClosed = func(err error) { ended = append(ended, err) }
	b.attach()
	b.write(" on")
	b.guest.Close()
	b.waitFor("the end", func() bool { return len(ended) > 0 })
	if ended[0] != nil {
		t.Errorf("OnClosed: got %v, want nil", ended[0])
	}
	if b.c.Text() != "kept on" || b.isAttached() {
		t.Errorf("after the end: got text %q, want kept on, and a detached console", b.c.Text())
	}
	b.c.Attach(broken{})
	b.waitFor("the failure", func() bool { return len(ended) > 1 })
	if !errors.Is(ended[1], errBroken) {
		t.Errorf("OnClosed: got %v, want errBroken", ended[1])
	}
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Read([]byte) (int, error)  { return 0, errBroken }
func (broken) Write([]byte) (int, error) { return 0, errBroken }
func (broken) Close() error              { return nil }

func TestResizeIsReportedOnce(t *testing.T) {
	b := newBench(t)
	first := <-b.sizes
	for w := range 10 {
		b.win.Resize(fyne.NewSize(float32(700+w), 400))
	}
	b.win.Resize(fyne.NewSize(10, 10)) // below the minimum
	b.win.Resize(fyne.NewSize(800, 400))
	b.waitFor("the size", func() bool { return len(b.sizes) > 0 })
	second := <-b.sizes
	if second[0] <= first[0] || second[1] <= first[1] || len(b.sizes) > 0 {
		t.Errorf("sizes: got %v, then %v, and %d more; want a larger one, then none", first, second, len(b.sizes))
	}
	if cols, rows := b.c.Cells(); second != [2]int{cols, rows} {
		t.Errorf("reported %v, want the size %d by %d", second, cols, rows)
	}
	b.c.SetFontSize(24)
	b.waitFor("the size in larger letters", func() bool { return len(b.sizes) > 0 })
	if third := <-b.sizes; third[0] >= second[0] || third[1] >= second[1] || b.c.FontSize() != 24 {
		t.Errorf("larger text: got size %v, want fewer cells than %v", third, second)
	}
}

// The height of rows must follow the text size while the guest is silent.
func TestRowHeightFollowsTextSize(t *testing.T) {
	b := newBench(t)
	b.write("one\r\ntwo")
	for _, size := range []float32{24, 8} {
		b.c.SetFontSize(size)
		content := test.WidgetRenderer(b.c.view.grid.(fyne.Widget)).Objects()[0].(fyne.Widget)
		for at, row := range test.WidgetRenderer(content).Objects() {
			if want := float32(at) * b.c.view.cell.Height; row.Position().Y != want || row.Size().Height != b.c.view.cell.Height {
				t.Fatalf("text size %v: row %d is at %v and %v high, want the rows to match the cells, %v", size, at, row.Position(), row.Size().Height, b.c.view.cell)
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
		t.Errorf("got titles %s, want one,two", got)
	}
}

func TestFocusReports(t *testing.T) {
	b := newBench(t)
	b.write("\x1b[?1004h")
	b.win.Canvas().Unfocus()
	b.expectInput("\x1b[O")
	b.win.Canvas().Focus(b.c)
	b.expectInput("\x1b[I")
}

func TestSynchronizedUpdateIsDrawnAtOnce(t *testing.T) {
	b := newBench(t)
	b.write("\x1b[?2026hhalf\x1b[?2026l whole")
	if b.row(0) != "half whole" {
		t.Errorf("got row %q, want half whole", b.row(0))
	}
	b.write("\x1b[2J\x1b[H\x1b[?2026hforgotten") // is drawn after maxSyncUpdate
	if b.row(0) != "forgotten" {
		t.Errorf("got row %q, want forgotten", b.row(0))
	}
}

func TestClear(t *testing.T) {
	b := newBench(t)
	b.write("\x1b[?1049hold\x1b[?2004h")
	b.c.Clear()
	b.waitDrawn()
	if b.row(0) != "" || b.c.Text() != "" || b.c.modes().BracketedPaste {
		t.Errorf("after Clear: got row %q, text %q; want both empty, without bracketed paste", b.row(0), b.c.Text())
	}
}

func TestBeginSession(t *testing.T) {
	b := newBench(t)
	b.write("one\r\ntwo\x1b[?2004h")
	b.c.Recall([]byte(strings.Repeat("late\r\n", 200000)))
	b.c.BeginSession()
	b.write("new")
	b.waitDrawn()
	if b.row(0) != "new" || b.c.modes().BracketedPaste {
		t.Errorf("after BeginSession: got row %q, modes %+v; want new, without bracketed paste", b.row(0), b.c.modes())
	}
	if text := b.c.Text(); !strings.HasPrefix(text, "one\ntwo") || !strings.HasSuffix(text, "\nnew") {
		t.Errorf("Text() = %.40q, want the old text, then the new", text)
	}
}

// The console relies on undocumented parts of the terminal widget.
func TestTerminalHasGrid(t *testing.T) {
	b := newBench(t)
	r := test.WidgetRenderer(b.c)
	if b.c.view.grid == nil || len(r.Objects()) != 5 {
		t.Fatal("the terminal widget does not have the expected grid")
	}
	b.write("x")
	b.c.CreateRenderer() // as after the console has been hidden for a while
	b.waitDrawn()
	if b.row(0) != "x" {
		t.Error("a new grid is not drawn")
	}
}
