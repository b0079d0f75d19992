//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vmterminal/vm/agent"
	"vmterminal/vm/agent/wire"
)

// connect returns a server that runs on this machine and a client for it. Tests must not
// freeze file systems: they would freeze this machine.
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
		_ = wire.Receive(port, s.handleFrame)
		s.endSession()
	}()
	c := agent.NewClient(host, nil)
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
		{"unread input", "exit 0", strings.Repeat("x", 4*wire.Window), 0, "", ""},
		{"much input and output", "cat; cat /dev/null", strings.Repeat("0123456789", wire.Window), 0, strings.Repeat("0123456789", wire.Window), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			exit, err := c.Run(t.Context(), agent.Command{
				Args: []string{"sh", "-c", test.script}, Env: []string{"WORD=hush"}, Dir: dir,
				Stdin: strings.NewReader(test.in), Stdout: &out, Stderr: &errs,
			})
			if err != nil || exit != test.exit || out.String() != test.out || errs.String() != test.errs {
				t.Errorf("got exit code %d, error %v, %d bytes of output %.40q, stderr %.40q; want %v, %v, %v", exit, err, out.Len(), out.String(), errs.String(), test.exit, test.out, test.errs)
			}
		})
	}
}

func TestRunWithAnyBytes(t *testing.T) {
	_, c := connect(t)
	dir := filepath.Join(t.TempDir(), "l\xe4tin")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, terminal := range map[string]*agent.Terminal{
		"pipes":    nil,
		"terminal": {Size: agent.Size{Columns: 300, Rows: 24}},
	} {
		var out bytes.Buffer
		exit, err := c.Run(t.Context(), agent.Command{
			Args: []string{"sh", "-c", `printf '%s|%s|%s' "$PWD" "$1" "$A"`, "-", "\xe4 \ufffd"},
			Env:  []string{"A=\xff"}, Dir: dir, Stdout: &out, Terminal: terminal,
		})
		if want := dir + "|\xe4 \ufffd|\xff"; exit != 0 || err != nil || out.String() != want {
			t.Errorf("%s: got exit code %d, error %v, output %+q; want output %+q", name, exit, err, out.String(), want)
		}
	}
}

func TestRunErrors(t *testing.T) {
	_, c := connect(t)
	if _, err := c.Run(t.Context(), agent.Command{Args: []string{"no-such-command"}, Dir: "/"}); !errors.Is(err, agent.ErrNotFound) {
		t.Errorf("got error %v, want ErrNotFound", err)
	}
	for _, args := range [][]string{nil, {""}} {
		var refused *agent.GuestError
		if _, err := c.Run(t.Context(), agent.Command{Args: args}); !errors.As(err, &refused) {
			t.Errorf("%q: got error %v, want a GuestError", args, err)
		}
	}
}

// Commands must not prevent a freeze, no matter how many are running.
func TestCommandsDoNotLimitControls(t *testing.T) {
	s, c := connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var running sync.WaitGroup
	started := make(chan struct{}, maxCommands)
	for range maxCommands {
		running.Go(func() {
			first := writer(func(p []byte) (int, error) { started <- struct{}{}; return len(p), nil })
			_, _ = c.Run(ctx, agent.Command{Args: []string{"sh", "-c", "echo on; exec sleep 1000"}, Dir: "/", Stdout: first})
		})
	}
	for range maxCommands {
		<-started
	}
	if _, err := c.Run(ctx, agent.Command{Args: []string{"true"}, Dir: "/"}); !errors.Is(err, agent.ErrBusy) {
		t.Errorf("one more command: got error %v, want error %v", err, agent.ErrBusy)
	}
	if _, err := c.Info(ctx); err != nil {
		t.Errorf("info during %d commands: got error %v, want no error", maxCommands, err)
	}
	fakeFreeze(s, time.Hour)
	if err := c.Thaw(ctx); err != nil {
		t.Errorf("thaw during %d commands: got error %v, want no error", maxCommands, err)
	}
	cancel()
	running.Wait()
}

// The process group of a command is killed when the command is canceled, when the host
// starts another session, and when it disconnects.
func TestRunKillsProcessGroup(t *testing.T) {
	ways := map[string]func(*server, context.CancelFunc){
		"cancel":      func(_ *server, cancel context.CancelFunc) { cancel() },
		"new session": func(s *server, cancel context.CancelFunc) { s.startSession(12345); cancel() },
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
			// A child keeps the pipe open until the process group has exited.
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
				t.Errorf("got error %v, want context.Canceled", err)
			}
			if err := r.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
				t.Fatal(err)
			}
			if n, err := r.Read(make([]byte, 1)); n != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the command's child is still running: got error %v", err)
			}
		})
	}
}

// A canceled command must not see the end of its input, because it could mistake a part
// for the whole.
func TestRunCanceledSeesNoEndOfInput(t *testing.T) {
	_, c := connect(t)
	ended := filepath.Join(t.TempDir(), "ended")
	done := make(chan struct{})
	running, alive, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer running.Close()
	input, feed := io.Pipe()
	defer feed.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		defer close(done)
		_, _ = feed.Write([]byte("a part"))
	}()
	fd := "/proc/" + strconv.Itoa(os.Getpid()) + "/fd/" + strconv.Itoa(int(alive.Fd()))
	_, err = c.Run(ctx, agent.Command{
		Args:  []string{"sh", "-c", `trap "" TERM; exec 3>` + fd + `; head -c 6; cat && : >"$0"`, ended},
		Stdin: input, Dir: "/",
		Stdout: writer(func(p []byte) (int, error) {
			alive.Close()
			cancel()
			return len(p), nil
		}),
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
	<-done
	if err := running.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := running.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("the command is still running: got error %v, want error %v", err, io.EOF)
	}
	if _, err := os.Stat(ended); err == nil {
		t.Error("the canceled command saw the end of its input")
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestInfoAndUnknown(t *testing.T) {
	s, c := connect(t)
	info, err := c.Info(t.Context())
	if err != nil || info.Version != wire.Version || info.DiskTotal == 0 || info.Kernel == "" {
		t.Errorf("Info: got %+v, %v; want a version, disk size and kernel", info, err)
	}
	if err := c.Thaw(t.Context()); !errors.Is(err, agent.ErrWrongState) {
		t.Errorf("thawing: got error %v, want error %v", err, agent.ErrWrongState)
	}
	if err := c.Resize(t.Context(), 0, 70000); err == nil {
		t.Error("an invalid terminal size was accepted")
	}
	var coded *wire.Error
	if _, err := s.execute(t.Context(), nil, wire.RequestBody{Op: "fly"}); !errors.As(err, &coded) || coded.Code != wire.CodeUnsupported {
		t.Errorf("unknown operation: got error %v, want CodeUnsupported", err)
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
			t.Errorf("parseMount(%q) = %+v, %v; want %v, %v", line, got, ok, want, (want != mount{}))
		}
	}
}

func FuzzServer(f *testing.F) {
	f.Add([]byte{3, 5, 6, 7, 8}, []byte(`{"op":"hello"}`), []byte(`{"op":"info"}`))
	f.Add([]byte{3, 3}, []byte(`{"op":"run"}`), []byte(`{`))
	f.Add([]byte{3, 3}, []byte(`{"op":"identity","identity":{"id":"a","hostname":"dev"}}`), []byte(`{"op":"identity"}`))
	f.Add([]byte{3, 3}, []byte(`{"op":"identity","identity":{"id":"../../x","hostname":"\n"}}`), []byte(`{"op":"identity","identity":[]}`))
	f.Fuzz(func(_ *testing.T, kinds, one, two []byte) {
		// Skip operations that would change this machine.
		for _, payload := range [][]byte{one, two} {
			for _, op := range []string{"free", "trim", "power", "run", "clock", `\u`} {
				if bytes.Contains(bytes.ToLower(payload), []byte(op)) && !bytes.Equal(payload, []byte(`{"op":"run"}`)) {
					return
				}
			}
		}
		s := newServer(os.DevNull) // nothing can be written there
		s.startSession(1)
		for i, kind := range kinds {
			payload := one
			if i%2 == 1 {
				payload = two
			}
			s.handleFrame(wire.Frame{Kind: wire.Kind(kind), Session: 1, Stream: uint32(i % 3), Payload: payload})
		}
		s.endSession()
	})
}
