package host

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
)

// fakeMonitor forwards ports as a QEMU with a user network does, in memory.
type fakeMonitor struct {
	mu       sync.Mutex
	forwards []qemu.Forward
	changes  int              // how many commands that change something came
	refuse   func(n int) bool // which of them are refused; nil: none
}

// connect gives a machine this QEMU.
func (q *fakeMonitor) connect(t *testing.T, m *machine) {
	t.Helper()
	ours, theirs := net.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		q.serve(theirs)
	}()
	control, err := qmp.Open(t.Context(), ours)
	if err != nil {
		t.Fatal(err)
	}
	m.mu.Lock()
	m.qmp = control
	m.mu.Unlock()
	m.noteForwards(t.Context(), control)
	t.Cleanup(func() {
		_ = control.Close()
		theirs.Close()
		<-ended
	})
}

func (q *fakeMonitor) serve(conn net.Conn) {
	_, _ = io.WriteString(conn, `{"QMP": {"version": {}, "capabilities": []}}`+"\n")
	for requests := bufio.NewScanner(conn); requests.Scan(); {
		var asked struct {
			ID        uint64 `json:"id"`
			Arguments struct {
				Line string `json:"command-line"`
			} `json:"arguments"`
		}
		_ = json.Unmarshal(requests.Bytes(), &asked)
		said, _ := json.Marshal(q.say(asked.Arguments.Line))
		fmt.Fprintf(conn, `{"return": %s, "id": %d}`+"\n", said, asked.ID)
	}
}

func (q *fakeMonitor) say(line string) string {
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

func (q *fakeMonitor) are() []qemu.Forward {
	q.mu.Lock()
	defer q.mu.Unlock()
	return inOrder(q.forwards)
}

func inOrder(list []qemu.Forward) []qemu.Forward {
	return slices.SortedFunc(slices.Values(list), func(a, b qemu.Forward) int { return a.HostPort - b.HostPort })
}

// freePorts are ports of 127.0.0.1 that nobody has, in order.
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

func TestForwardsChangeWhileTheVMRuns(t *testing.T) {
	m, c, _ := guestless(t)
	if err := c.SetForwards(t.Context(), nil); !errors.Is(err, ErrBusy) {
		t.Errorf("before QEMU runs: %v", err)
	}
	if s, err := c.State(t.Context()); err != nil || s.Forwards != nil {
		t.Errorf("before QEMU runs %v are known; %v", s.Forwards, err)
	}
	p := freePorts(t, 4)
	q := &fakeMonitor{forwards: []qemu.Forward{{HostPort: p[0], GuestPort: 22}, {HostPort: p[1], GuestPort: 80}}}
	q.connect(t, m)
	events, end := m.board.listen()
	defer end()
	<-events
	// One stays, one leads elsewhere, one is new.
	want := []qemu.Forward{{HostPort: p[0], GuestPort: 22}, {HostPort: p[1], GuestPort: 81}, {HostPort: p[2], GuestPort: 82}}
	if err := c.SetForwards(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if got := q.are(); !slices.Equal(got, want) || q.changes != 3 {
		t.Errorf("QEMU has %v after %d changes", got, q.changes)
	}
	if e := <-events; !slices.Equal(inOrder(e.State.Forwards), want) {
		t.Errorf("told of %v", e.State.Forwards)
	}
	if !slices.Equal(m.spec.Forwards, want) {
		t.Errorf("a QEMU in its place would forward %v", m.spec.Forwards)
	}
	if err := c.SetForwards(t.Context(), nil); err != nil || len(q.are()) > 0 {
		t.Errorf("of none, %v are left; %v", q.are(), err)
	}
	if s, err := c.State(t.Context()); err != nil || s.Forwards == nil || len(s.Forwards) > 0 {
		t.Errorf("%v, %v", s.Forwards, err)
	}
}

func TestTakenPortChangesNothing(t *testing.T) {
	m, c, _ := guestless(t)
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
	if !errors.Is(err, ErrPort) || errors.Is(err, ErrForwards) || !strings.Contains(err.Error(), fmt.Sprint("port ", port)) {
		t.Errorf("got %v", err)
	}
	if q.changes > 0 {
		t.Errorf("QEMU was told to change %d things", q.changes)
	}
	for _, bad := range [][]qemu.Forward{{{HostPort: p[1]}}, {{HostPort: -1, GuestPort: 80}}, {{HostPort: p[1], GuestPort: 1}, {HostPort: p[1], GuestPort: 2}}} {
		if err := c.SetForwards(t.Context(), bad); !errors.Is(err, ErrBadSpec) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

// Whichever command QEMU refuses, all is as before or as wanted, or it is said.
func TestRefusedForwardsAreTakenBack(t *testing.T) {
	m, c, _ := guestless(t)
	p := freePorts(t, 4)
	before := []qemu.Forward{{HostPort: p[0], GuestPort: 22}, {HostPort: p[1], GuestPort: 80}}
	want := []qemu.Forward{{HostPort: p[1], GuestPort: 81}, {HostPort: p[2], GuestPort: 82}, {HostPort: p[3], GuestPort: 83}}
	for n := 1; ; n++ {
		q := &fakeMonitor{forwards: slices.Clone(before), refuse: func(i int) bool { return i == n }}
		q.connect(t, m)
		err := c.SetForwards(t.Context(), want)
		if err == nil {
			if !slices.Equal(q.are(), want) {
				t.Errorf("%d: no error, and %v", n, q.are())
			}
			if n <= len(before)+len(want) {
				t.Errorf("the refusal of command %d was not noticed", n)
			}
			return
		}
		if errors.Is(err, ErrForwards) || !slices.Equal(q.are(), before) {
			t.Errorf("%d: %v, and %v", n, err, q.are())
		}
		if s, err := c.State(t.Context()); err != nil || !slices.Equal(inOrder(s.Forwards), before) {
			t.Errorf("%d: told of %v; %v", n, s.Forwards, err)
		}
	}
}

func TestForwardsThatCannotBeTakenBack(t *testing.T) {
	m, c, _ := guestless(t)
	p := freePorts(t, 2)
	q := &fakeMonitor{
		forwards: []qemu.Forward{{HostPort: p[0], GuestPort: 22}},
		refuse:   func(n int) bool { return n >= 2 },
	}
	q.connect(t, m)
	err := c.SetForwards(t.Context(), []qemu.Forward{{HostPort: p[1], GuestPort: 80}})
	if !errors.Is(err, ErrForwards) || !strings.Contains(err.Error(), fmt.Sprintf("port %d of this computer may lead nowhere", p[0])) {
		t.Errorf("got %v", err)
	}
	if s, err := c.State(t.Context()); err != nil || s.Forwards == nil || len(s.Forwards) > 0 {
		t.Errorf("told of %v; %v", s.Forwards, err)
	}
}
