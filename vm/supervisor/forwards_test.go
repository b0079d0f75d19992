package supervisor

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"vmterminal/vm/qemu"
	"vmterminal/vm/qmp"
	"vmterminal/vm/supervisor/client"
)

// fakeMonitor is a fake QEMU that records the forwards of a user network.
type fakeMonitor struct {
	mu       sync.Mutex
	forwards []qemu.Forward
	changes  int              // number of commands that change forwards
	refuse   func(n int) bool // selects changes that fail; may be nil
}

// connect connects the machine to q.
func (q *fakeMonitor) connect(t *testing.T, m *machine) {
	t.Helper()
	ours, theirs := net.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		q.serve(theirs)
	}()
	control, err := qmp.Open(t.Context(), ours, nil)
	if err != nil {
		t.Fatal(err)
	}
	m.mu.Lock()
	m.qmp = control
	m.mu.Unlock()
	m.refreshForwards(t.Context(), control)
	t.Cleanup(func() {
		_ = control.Close()
		theirs.Close()
		<-ended
	})
}

func (q *fakeMonitor) serve(conn net.Conn) {
	_, _ = io.WriteString(conn, `{"QMP": {"version": {}, "capabilities": []}}`+"\n")
	for requests := bufio.NewScanner(conn); requests.Scan(); {
		var request struct {
			ID        uint64 `json:"id"`
			Arguments struct {
				Line string `json:"command-line"`
			} `json:"arguments"`
		}
		_ = json.Unmarshal(requests.Bytes(), &request)
		output, _ := json.Marshal(q.execute(request.Arguments.Line))
		fmt.Fprintf(conn, `{"return": %s, "id": %d}`+"\n", output, request.ID)
	}
}

func (q *fakeMonitor) execute(line string) string {
	q.mu.Lock()
	defer q.mu.Unlock()
	var f qemu.Forward
	if strings.HasPrefix(line, "hostfwd_") {
		q.changes++
		if q.refuse != nil && q.refuse(q.changes) {
			return "Could not set up host forwarding rule\r\n"
		}
	}
	if _, err := fmt.Sscanf(line, "hostfwd_add net0 tcp:127.0.0.1:%d-:%d", &f.HostPort, &f.GuestPort); err == nil {
		q.forwards = append(q.forwards, f)
		return ""
	}
	if _, err := fmt.Sscanf(line, "hostfwd_remove net0 tcp:127.0.0.1:%d", &f.HostPort); err == nil {
		q.forwards = slices.DeleteFunc(q.forwards, func(is qemu.Forward) bool { return is.HostPort == f.HostPort })
		return fmt.Sprintf("host forwarding rule for tcp:127.0.0.1:%d removed\r\n", f.HostPort)
	}
	table := "Hub -1 (net0):\r\n  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\r\n"
	for _, f := range q.forwards {
		table += fmt.Sprintf("  TCP[HOST_FORWARD]  8  127.0.0.1 %d  10.0.2.15 %d 0 0\r\n", f.HostPort, f.GuestPort)
	}
	return table
}

func (q *fakeMonitor) list() []qemu.Forward {
	q.mu.Lock()
	defer q.mu.Unlock()
	return inOrder(q.forwards)
}

func inOrder(list []qemu.Forward) []qemu.Forward {
	return slices.SortedFunc(slices.Values(list), func(a, b qemu.Forward) int { return a.HostPort - b.HostPort })
}

// freePorts returns unused ports of 127.0.0.1 in ascending order.
func freePorts(t *testing.T, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	slices.Sort(ports)
	return ports
}

func TestSetForwards(t *testing.T) {
	m, c, _ := newMachineWithoutQEMU(t)
	if err := c.SetForwards(t.Context(), nil); !errors.Is(err, client.ErrBusy) {
		t.Errorf("before QEMU runs: got error %v, want error %v", err, client.ErrBusy)
	}
	if s, err := c.State(t.Context()); err != nil || s.Forwards != nil {
		t.Errorf("before QEMU runs: got forwards %v, %v, want nil", s.Forwards, err)
	}
	p := freePorts(t, 4)
	q := &fakeMonitor{forwards: []qemu.Forward{{HostPort: p[0], GuestPort: 22}, {HostPort: p[1], GuestPort: 80}}}
	q.connect(t, m)
	events, end := m.state.subscribe()
	defer end()
	<-events
	// One is unchanged, one has another guest port, one is new.
	want := []qemu.Forward{{HostPort: p[0], GuestPort: 22}, {HostPort: p[1], GuestPort: 81}, {HostPort: p[2], GuestPort: 82}}
	if err := c.SetForwards(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if got := q.list(); !slices.Equal(got, want) || q.changes != 3 {
		t.Errorf("got %v after %d changes, want %v after 3", got, q.changes, want)
	}
	if e := <-events; !slices.Equal(inOrder(e.State.Forwards), want) {
		t.Errorf("event: got %v, want %v", e.State.Forwards, want)
	}
	if !slices.Equal(m.spec.Forwards, want) {
		t.Errorf("spec: got %v, want %v", m.spec.Forwards, want)
	}
	if err := c.SetForwards(t.Context(), nil); err != nil || len(q.list()) > 0 {
		t.Errorf("after removing all: got forwards %v, error %v; want none", q.list(), err)
	}
	if s, err := c.State(t.Context()); err != nil || s.Forwards == nil || len(s.Forwards) > 0 {
		t.Errorf("State: got forwards %v, error %v; want an empty list", s.Forwards, err)
	}
}

func TestSetForwardsWithUsedPort(t *testing.T) {
	m, c, _ := newMachineWithoutQEMU(t)
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	port := taken.Addr().(*net.TCPAddr).Port
	p := freePorts(t, 2)
	q := &fakeMonitor{forwards: []qemu.Forward{{HostPort: p[0], GuestPort: 22}}}
	q.connect(t, m)
	err = c.SetForwards(t.Context(), []qemu.Forward{{HostPort: p[1], GuestPort: 80}, {HostPort: port, GuestPort: 81}})
	if !errors.Is(err, client.ErrPort) || errors.Is(err, client.ErrForwards) || !strings.Contains(err.Error(), fmt.Sprint("port ", port)) {
		t.Errorf("got error %v, want ErrPort with the used port", err)
	}
	if q.changes > 0 {
		t.Errorf("got %d changes in QEMU, want none", q.changes)
	}
	for _, bad := range [][]qemu.Forward{{{HostPort: p[1]}}, {{HostPort: -1, GuestPort: 80}}, {{HostPort: p[1], GuestPort: 1}, {HostPort: p[1], GuestPort: 2}}} {
		if err := c.SetForwards(t.Context(), bad); !errors.Is(err, client.ErrBadSpec) {
			t.Errorf("%v: got error %v, want error %v", bad, err, client.ErrBadSpec)
		}
	}
}

// The forwards must be unchanged after an error, no matter which command QEMU rejects.
func TestSetForwardsRollsBack(t *testing.T) {
	m, c, _ := newMachineWithoutQEMU(t)
	p := freePorts(t, 4)
	before := []qemu.Forward{{HostPort: p[0], GuestPort: 22}, {HostPort: p[1], GuestPort: 80}}
	want := []qemu.Forward{{HostPort: p[1], GuestPort: 81}, {HostPort: p[2], GuestPort: 82}, {HostPort: p[3], GuestPort: 83}}
	for n := 1; ; n++ {
		q := &fakeMonitor{forwards: slices.Clone(before), refuse: func(i int) bool { return i == n }}
		q.connect(t, m)
		err := c.SetForwards(t.Context(), want)
		if err == nil {
			if !slices.Equal(q.list(), want) {
				t.Errorf("%d: got no error and forwards %v, want %v", n, q.list(), want)
			}
			if n <= len(before)+len(want) {
				t.Errorf("command %d was rejected, but there was no error", n)
			}
			return
		}
		if errors.Is(err, client.ErrForwards) || !slices.Equal(q.list(), before) {
			t.Errorf("command %d: got error %v, forwards %v; want another error, forwards %v", n, err, q.list(), before)
		}
		if s, err := c.State(t.Context()); err != nil || !slices.Equal(inOrder(s.Forwards), before) {
			t.Errorf("command %d: State: got forwards %v, error %v; want %v", n, s.Forwards, err, before)
		}
	}
}

func TestSetForwardsCannotRollBack(t *testing.T) {
	m, c, _ := newMachineWithoutQEMU(t)
	p := freePorts(t, 2)
	q := &fakeMonitor{
		forwards: []qemu.Forward{{HostPort: p[0], GuestPort: 22}},
		refuse:   func(n int) bool { return n >= 2 },
	}
	q.connect(t, m)
	err := c.SetForwards(t.Context(), []qemu.Forward{{HostPort: p[1], GuestPort: 80}})
	if !errors.Is(err, client.ErrForwards) || !strings.Contains(err.Error(), fmt.Sprintf("host port %d may no longer be forwarded", p[0])) {
		t.Errorf("got error %v, want ErrForwards with the removed port", err)
	}
	if s, err := c.State(t.Context()); err != nil || s.Forwards == nil || len(s.Forwards) > 0 {
		t.Errorf("got state %v, %v, want no forwards", s.Forwards, err)
	}
}
