//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vmterminal/vm/agent"
	"vmterminal/vm/agent/wire"
)

// connect joins a server, of this test's own machine, and a client. Nothing
// here may freeze: it would be that machine's disk.
func connect(t *testing.T) (*server, *agent.Client) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours := os.NewFile(uintptr(fds[0]), "host")
	host, err := net.FileConn(ours)
	ours.Close()
	if err != nil {
		t.Fatal(err)
	}
	port := os.NewFile(uintptr(fds[1]), "port")
	s := newServer(t.TempDir())
	s.setPort(port)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = wire.Receive(port, s.handle)
		s.endSession()
	}()
	c := agent.NewClient(host)
	t.Cleanup(func() {
		_ = c.Close()
		<-ended
		port.Close()
	})
	return s, c
}

func TestRunOnThisMachine(t *testing.T) {
	_, c := connect(t)
	dir := t.TempDir()
	tests := []struct {
		name, script, in string
		exit             int
		out, errs        string
	}{
		{"exit code", "exit 7", "", 7, "", ""},
		{"streams", "echo out; echo err >&2", "", 0, "out\n", "err\n"},
		{"input", "tr a-z A-Z", "shout", 0, "SHOUT", ""},
		{"folder and environment", `pwd; echo "$WORD"`, "", 0, dir + "\nhush\n", ""},
		{"signal", "kill -TERM $$", "", 128 + 15, "", ""},
		{"a child keeps the output", "sleep 100 & echo on", "", 0, "on\n", ""},
		{"input that nobody reads", "exit 0", strings.Repeat("x", 4*wire.Window), 0, "", ""},
		{"much of both", "cat; cat /dev/null", strings.Repeat("0123456789", wire.Window), 0, strings.Repeat("0123456789", wire.Window), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			exit, err := c.Run(t.Context(), agent.Command{
				Args: []string{"sh", "-c", test.script}, Env: []string{"WORD=hush"}, Dir: dir,
				Stdin: strings.NewReader(test.in), Stdout: &out, Stderr: &errs,
			})
			if err != nil || exit != test.exit || out.String() != test.out || errs.String() != test.errs {
				t.Errorf("exit code %d, %v, %d bytes %.40q, %.40q", exit, err, out.Len(), out.String(), errs.String())
			}
		})
	}
}

func TestRunRefuses(t *testing.T) {
	_, c := connect(t)
	if _, err := c.Run(t.Context(), agent.Command{Args: []string{"no-such-command"}, Dir: "/"}); !errors.Is(err, agent.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	for _, args := range [][]string{nil, {""}} {
		var refused *agent.GuestError
		if _, err := c.Run(t.Context(), agent.Command{Args: args}); !errors.As(err, &refused) {
			t.Errorf("%q: %v", args, err)
		}
	}
}

// A cancelled command ends with all of its group, and so does one whose host
// says hello anew in another session.
func TestRunIsEnded(t *testing.T) {
	ways := map[string]func(*server, context.CancelFunc){
		"cancel":      func(_ *server, cancel context.CancelFunc) { cancel() },
		"new session": func(s *server, cancel context.CancelFunc) { s.greet(12345); cancel() },
		"host gone":   func(s *server, cancel context.CancelFunc) { s.endSession(); cancel() },
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			s, c := connect(t)
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			// The pipe's other end is held by a child until the group has ended.
			fd := "/proc/" + strconv.Itoa(os.Getpid()) + "/fd/" + strconv.Itoa(int(w.Fd()))
			first := writer(func(p []byte) (int, error) {
				w.Close()
				way(s, cancel)
				return len(p), nil
			})
			_, err = c.Run(ctx, agent.Command{
				Args: []string{"sh", "-c", "exec 3>" + fd + "; sleep 1000 & echo on; wait"}, Dir: "/", Stdout: first,
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			if err := r.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if n, err := r.Read(make([]byte, 1)); n != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the command's child goes on: %v", err)
			}
		})
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestInfoAndUnknown(t *testing.T) {
	s, c := connect(t)
	info, err := c.Info(t.Context())
	if err != nil || info.Version != wire.Version || info.DiskTotal == 0 || info.Kernel == "" {
		t.Errorf("got %+v, %v", info, err)
	}
	if err := c.Thaw(t.Context()); !errors.Is(err, agent.ErrWrongState) {
		t.Errorf("thawing: %v", err)
	}
	if err := c.Resize(t.Context(), 0, 70000); err == nil {
		t.Error("a terminal of no columns")
	}
	var coded *wire.Error
	if _, err := s.perform(t.Context(), nil, wire.Ask{Op: "fly"}); !errors.As(err, &coded) || coded.Code != wire.CodeUnsupported {
		t.Errorf("flying: %v", err)
	}
}

func TestParseMount(t *testing.T) {
	tests := map[string]mount{
		"23 1 253:0 / / rw,noatime shared:1 - ext4 /dev/root rw":        {"253:0", "/"},
		`40 23 8:1 / /mnt/my\040disk rw - xfs /dev/sda1 rw,attr2`:       {"8:1", "/mnt/my disk"},
		"24 23 0:5 / /dev rw - devtmpfs devtmpfs rw":                    {},
		"41 23 8:2 / /mnt/ro ro - ext4 /dev/sda2 ro,errors=remount-ro":  {},
		"42 23 8:3 / /mnt/bind ro,relatime - ext4 /dev/sda3 rw,discard": {"8:3", "/mnt/bind"},
		"":           {},
		" - ":        {},
		"a b - ext4": {},
	}
	for line, want := range tests {
		if got, ok := parseMount(line); got != want || ok != (want != mount{}) {
			t.Errorf("%q: %+v, %v", line, got, ok)
		}
	}
}

func FuzzServer(f *testing.F) {
	f.Add([]byte{3, 5, 6, 7, 8}, []byte(`{"op":"hello"}`), []byte(`{"op":"info"}`))
	f.Add([]byte{3, 3}, []byte(`{"op":"run"}`), []byte(`{`))
	f.Add([]byte{3, 3}, []byte(`{"op":"identity","identity":{"id":"a","hostname":"dev"}}`), []byte(`{"op":"identity"}`))
	f.Add([]byte{3, 3}, []byte(`{"op":"identity","identity":{"id":"../../x","hostname":"\n"}}`), []byte(`{"op":"identity","identity":[]}`))
	f.Fuzz(func(_ *testing.T, kinds, one, two []byte) {
		// Only what changes nothing on this machine is let through.
		for _, payload := range [][]byte{one, two} {
			for _, op := range []string{"free", "trim", "power", "run", `\u`} {
				if bytes.Contains(bytes.ToLower(payload), []byte(op)) && !bytes.Equal(payload, []byte(`{"op":"run"}`)) {
					return
				}
			}
		}
		s := newServer(os.DevNull) // nothing can be written there
		s.greet(1)
		for i, kind := range kinds {
			payload := one
			if i%2 == 1 {
				payload = two
			}
			s.handle(wire.Frame{Kind: wire.Kind(kind), Session: 1, Stream: uint32(i % 3), Payload: payload})
		}
		s.endSession()
	})
}
