package qemu

import (
	"errors"
	"net"
	"slices"
	"strconv"
	"testing"
)

// freePort returns an unused port on 127.0.0.1.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

func (r *testVM) checkForwards(t *testing.T, want ...Forward) {
	t.Helper()
	got, err := Forwards(t.Context(), r.client)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("Forwards = %v, want %v; error %v", got, want, err)
	}
}

func TestForwardsOfARunningQEMU(t *testing.T) {
	r := startMachine(t, diskSize, "")
	r.checkForwards(t)
	f := Forward{freePort(t), 80}
	if err := AddForward(t.Context(), r.client, f); err != nil {
		t.Fatal(err)
	}
	r.checkForwards(t, f)
	conn, err := net.Dial("tcp4", "127.0.0.1:"+strconv.Itoa(f.HostPort))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	elsewhere, err := net.Listen("tcp4", "127.0.0.2:"+strconv.Itoa(f.HostPort))
	if err != nil {
		t.Error("the forward listens on more than 127.0.0.1:", err)
	} else {
		_ = elsewhere.Close()
	}
	r.checkForwards(t, f) // the open connection is not listed

	if err := AddForward(t.Context(), r.client, Forward{f.HostPort, 81}); !errors.Is(err, ErrRefused) {
		t.Errorf("same port twice: got error %v, want error %v", err, ErrRefused)
	}
	if err := RemoveForward(t.Context(), r.client, f); err != nil {
		t.Fatal(err)
	}
	r.checkForwards(t)
	if err := RemoveForward(t.Context(), r.client, f); !errors.Is(err, ErrRefused) {
		t.Errorf("removed twice: got error %v, want error %v", err, ErrRefused)
	}
	if conn, err := net.Dial("tcp4", "127.0.0.1:"+strconv.Itoa(f.HostPort)); err == nil {
		conn.Close()
		t.Error("got a connection to a removed forward, want none")
	}
}

func TestReadForwards(t *testing.T) {
	const head = "Hub -1 (net0):\r\n  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\r\n"
	got, err := parseForwards(head +
		"  TCP[ESTABLISHED]    9       127.0.0.1 20080       10.0.2.15    80     0     0\r\n" +
		"  TCP[HOST_FORWARD]  13       127.0.0.1    80       10.0.2.15    82     0     0\r\n" +
		"  UDP[HOST_FORWARD]  14       127.0.0.1    53       10.0.2.15    53     0     0\r\n")
	if err != nil || !slices.Equal(got, []Forward{{80, 82}}) {
		t.Errorf("parseForwards = %v, %v; want only the forward of 80 to 82", got, err)
	}
	for _, table := range []string{
		"", "unknown command: 'info usernet'", "TCP[HOST_FORWARD] 13 127.0.0.1 80 10.0.2.15 82",
		head + "TCP[HOST_FORWARD] 13 127.0.0.1 80", head + "TCP[HOST_FORWARD] 13 127.0.0.1 80 10.0.2.15 0 0 0",
	} {
		if got, err := parseForwards(table); err == nil {
			t.Errorf("parseForwards(%q) = %v, want an error", table, got)
		}
	}
}

func FuzzReadForwards(f *testing.F) {
	f.Add("Protocol[State]\nTCP[HOST_FORWARD] 13 127.0.0.1 80 10.0.2.15 82 0 0\n")
	f.Add("Protocol[State]\nTCP[HOST_FORWARD] 1 2 -3 4 99999999999999999999\n")
	f.Fuzz(func(t *testing.T, table string) {
		list, err := parseForwards(table)
		if (err == nil) != (list != nil) {
			t.Errorf("parseForwards = %v, %v; want either a list or an error", list, err)
		}
		for _, f := range list {
			if f.Check() != nil {
				t.Errorf("got invalid forward %v", f)
			}
		}
	})
}
