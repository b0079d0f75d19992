package supervisor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/console"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// newMachineWithoutQEMU returns a machine without QEMU that serves its API, a client for
// it, and the guest's end of its console.
func newMachineWithoutQEMU(t *testing.T) (*machine, *client.Client, net.Conn) {
	t.Helper()
	v := newVM(t)
	m := v.prepareMachine()
	ours, guest := net.Pipe()
	m.consoleServer.Go(func() { _ = m.console.Serve(ours) })
	t.Cleanup(func() { guest.Close(); m.consoleServer.Wait() })
	return m, v.connect(), guest
}

// plainHTTP returns an HTTP client for the API of a supervisor, for requests that Client
// does not make.
func plainHTTP(s qemu.Sockets) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", client.APISocket(s))
		},
	}}
}

func TestSocketIsPrivate(t *testing.T) {
	m, _, _ := newMachineWithoutQEMU(t)
	for path, want := range map[string]os.FileMode{
		client.APISocket(m.sockets): durable.FileMode, string(m.sockets): durable.DirMode,
	} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got mode %v, error %v; want access only for its owner", path, info.Mode(), err)
		}
	}
}

func TestStalledConsoleClientDoesNotBlock(t *testing.T) {
	_, c, guest := newMachineWithoutQEMU(t)
	stalled, err := c.Console(t.Context(), client.ConsoleRequest{})
	if err != nil {
		t.Fatal(err)
	}
	defer stalled.Close()
	live, err := c.Console(t.Context(), client.ConsoleRequest{})
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
		if _, err := guest.Write(line); err != nil { // would block if the stalled client blocked output
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
		t.Fatalf("the stalled client got %d bytes, want fewer than %d and a note about skipped output", text.Len(), total)
	}
}

func TestInputBeforeCloseArrives(t *testing.T) {
	_, c, guest := newMachineWithoutQEMU(t)
	if _, err := guest.Write([]byte("unread output\n")); err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	for i := range 20 {
		x, err := c.Console(t.Context(), client.ConsoleRequest{Replay: -1})
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
	m, c, _ := newMachineWithoutQEMU(t)
	for _, r := range []struct{ method, path, body string }{
		{"POST", "/v1/stop", "{"},
		{"POST", "/v1/stop", `{"grace_ns": "soon"}`},
		{"POST", "/v1/resize", `{"cols": 99999999999999999999}`},
		{"POST", "/v1/resize", `{"cols": 0, "rows": 0}`},
		{"POST", "/v1/resize", `{"cols": "` + strings.Repeat("9", 2*maxBody) + `"}`},
		{"POST", "/v1/console", ""},
		{"POST", "/v1/console?replay=much", ""},
		{"POST", "/v1/point-in-time", ""}, // QEMU does not run
		{"POST", "/v1/pause", ""},
		{"GET", "/v1/stop", ""},
		{"GET", "/../../etc/passwd", ""},
	} {
		req, err := http.NewRequestWithContext(t.Context(), r.method, "http://vm"+r.path, strings.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := plainHTTP(m.sockets).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode < 400 {
			t.Errorf("%s %s: got status %s, want an error", r.method, r.path, resp.Status)
		}
		resp.Body.Close()
	}
	if m.shutdown.isStarted() {
		t.Error("a hostile request stopped the VM")
	}
	if err := c.Pause(t.Context()); !errors.Is(err, client.ErrBusy) {
		t.Errorf("pause before QEMU runs: got error %v, want error %v", err, client.ErrBusy)
	}
	if _, err := c.BeginPointInTime(t.Context()); !errors.Is(err, client.ErrBusy) {
		t.Errorf("point in time before QEMU runs: got error %v, want error %v", err, client.ErrBusy)
	}
}

func TestPrograms(t *testing.T) {
	m, c, _ := newMachineWithoutQEMU(t)
	if _, err := c.Programs(t.Context()); !errors.Is(err, client.ErrNoAgent) {
		t.Errorf("without an agent: got error %v, want error %v", err, client.ErrNoAgent)
	}
	f := newFakeAgent()
	f.startAnswering()
	m.agent.setAgent(f, fakeInfo)
	if got, err := c.Programs(t.Context()); err != nil || !slices.Equal(got, []string{"vim"}) {
		t.Errorf("got programs %q, %v; want vim", got, err)
	}
}

func TestSlowSubscriberGetsLatestEvent(t *testing.T) {
	b := newStateBroadcaster(client.State{})
	events, end := b.subscribe()
	defer end()
	for i := range 10 * eventBuffer {
		b.update(client.EventConsole, func(s *client.State) { s.Attached = i })
	}
	b.update(client.EventState, func(*client.State) {}) // no change, no event
	var last client.Event
	for len(events) > 0 {
		last = <-events
	}
	if last.Kind != client.EventConsole || last.State.Attached != 10*eventBuffer-1 {
		t.Fatalf("the last event is %+v, want the last change, Kind %v", last, client.EventConsole)
	}
}
