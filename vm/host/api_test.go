package host

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"vmterminal/app/ondisk"
	"vmterminal/vm/console"
)

// guestless is a machine without QEMU whose API is up, a client of it, and the
// guest's end of its console.
func guestless(t *testing.T) (*machine, *Client, net.Conn) {
	t.Helper()
	v := newVM(t)
	m := v.owned()
	ours, guest := net.Pipe()
	m.serving.Go(func() { _ = m.console.Serve(ours) })
	t.Cleanup(func() { guest.Close(); m.serving.Wait() })
	c, err := Connect(t.Context(), v.spec.Dir, v.spec.RunDir)
	if err != nil {
		t.Fatal(err)
	}
	return m, c, guest
}

func TestSocketIsPrivate(t *testing.T) {
	m, _, _ := guestless(t)
	for path, want := range map[string]os.FileMode{
		apiSocket(m.paths): ondisk.FileMode, string(m.paths): ondisk.DirMode,
	} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

func TestStalledConsoleClientHoldsUpNobody(t *testing.T) {
	_, c, guest := guestless(t)
	stalled, err := c.Console(t.Context(), ConsoleRequest{})
	if err != nil {
		t.Fatal(err)
	}
	defer stalled.Close()
	live, err := c.Console(t.Context(), ConsoleRequest{})
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	line := bytes.Repeat([]byte("x"), 1023)
	line = append(line, '\n')
	const total = 4 * console.RingSize
	read := make(chan error, 1)
	go func() {
		_, err := io.CopyN(io.Discard, live, console.RingSize/2)
		read <- err
	}()
	for n := 0; n < total; n += len(line) {
		if _, err := guest.Write(line); err != nil { // would block if output was held up
			t.Fatal(err)
		}
	}
	if err := <-read; err != nil {
		t.Fatal(err)
	}
	if _, err := guest.Write([]byte("the end\n")); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	buf := make([]byte, 64<<10)
	for !strings.HasSuffix(text.String(), "the end\n") {
		n, err := stalled.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(buf[:n])
	}
	if text.Len() >= total || !strings.Contains(text.String(), "bytes of output skipped]") {
		t.Fatalf("the stalled client got %d bytes, and was not told what it missed", text.Len())
	}
}

func TestInputBeforeCloseArrives(t *testing.T) {
	_, c, guest := guestless(t)
	if _, err := guest.Write([]byte("unread output\n")); err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	for i := range 20 {
		x, err := c.Console(t.Context(), ConsoleRequest{Replay: -1})
		if err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("line %d\n", i)
		want.WriteString(line)
		if _, err := io.WriteString(x, line); err != nil {
			t.Fatal(err)
		}
		x.Close()
		got := make([]byte, len(line))
		if _, err := io.ReadFull(guest, got); err != nil || string(got) != line {
			t.Fatalf("the guest got %q (%v), want %q", got, err, line)
		}
	}
}

func TestHostileRequests(t *testing.T) {
	m, c, _ := guestless(t)
	for _, r := range []struct{ method, path, body string }{
		{"POST", "/v1/stop", "{"},
		{"POST", "/v1/stop", `{"grace_ns": "soon"}`},
		{"POST", "/v1/resize", `{"cols": 99999999999999999999}`},
		{"POST", "/v1/resize", `{"cols": 0, "rows": 0}`},
		{"POST", "/v1/resize", `{"cols": "` + strings.Repeat("9", 2*maxBody) + `"}`},
		{"POST", "/v1/console", ""},
		{"POST", "/v1/console?replay=much", ""},
		{"POST", "/v1/point-in-time", ""}, // nothing runs yet
		{"POST", "/v1/pause", ""},
		{"GET", "/v1/stop", ""},
		{"GET", "/../../etc/passwd", ""},
	} {
		req, err := http.NewRequestWithContext(t.Context(), r.method, "http://vm"+r.path, strings.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode < 400 {
			t.Errorf("%s %s: %s", r.method, r.path, resp.Status)
		}
		resp.Body.Close()
	}
	if m.stopping.isBegun() {
		t.Error("a hostile request began to stop the VM")
	}
	if err := c.Pause(t.Context()); !errors.Is(err, ErrBusy) {
		t.Errorf("pause before QEMU runs: %v", err)
	}
	if _, err := c.BeginPointInTime(t.Context()); !errors.Is(err, ErrBusy) {
		t.Errorf("point in time before QEMU runs: %v", err)
	}
}

func TestSlowListenerGetsTheNewestEvent(t *testing.T) {
	b := newBoard(State{})
	events, end := b.listen()
	defer end()
	for i := range 10 * eventDepth {
		b.update(EventConsole, func(s *State) { s.Attached = i })
	}
	b.update(EventState, func(*State) {}) // no change, no event
	var last Event
	for len(events) > 0 {
		last = <-events
	}
	if last.Kind != EventConsole || last.State.Attached != 10*eventDepth-1 {
		t.Fatalf("the last event is %+v", last)
	}
}
