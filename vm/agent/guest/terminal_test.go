//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"vmterminal/vm/agent"
	"vmterminal/vm/agent/wire"
)

// outputWatcher stores output and lets a test wait for a text in it.
type outputWatcher struct {
	all   bytes.Buffer
	await chan string // text to wait for
	found chan struct{}
	text  string
}

func newOutputWatcher() *outputWatcher {
	return &outputWatcher{await: make(chan string, 1), found: make(chan struct{}, 1)}
}

func (s *outputWatcher) Write(p []byte) (int, error) {
	s.all.Write(p)
	select {
	case s.text = <-s.await:
	default:
	}
	if s.text != "" && strings.Contains(s.all.String(), s.text) {
		s.text = ""
		s.found <- struct{}{}
	}
	return len(p), nil
}

// queryForeground returns the foreground program of a terminal.
func queryForeground(queries chan<- agent.ForegroundQuery) (program string, err error) {
	answered := make(chan struct{})
	queries <- func(p string, e error) {
		program, err = p, e
		close(answered)
	}
	<-answered
	return program, err
}

func TestCommandOnATerminal(t *testing.T) {
	_, c := connect(t)
	var out bytes.Buffer
	exit, err := c.Run(t.Context(), agent.Command{
		Args: []string{"sh", "-c", "tty >/dev/null && stty size && echo err >&2; exit 3"}, Dir: "/",
		Stdout: &out, Terminal: &agent.Terminal{Size: agent.Size{Columns: 100, Rows: 30}},
	})
	if exit != 3 || err != nil || out.String() != "30 100\r\nerr\r\n" {
		t.Errorf("got exit code %d, error %v, output %q; want 3, nil, %q", exit, err, out.String(), "30 100\r\nerr\r\n")
	}
}

func TestShellOnATerminal(t *testing.T) {
	s, c := connect(t)
	etc := filepath.Join(s.identifier.root, "etc")
	if err := os.Mkdir(etc, 0o700); err != nil {
		t.Fatal(err)
	}
	passwd := "daemon:x:1:1::/:/bin/false\nroot:x:0:0::/root:/bin/sh\n"
	if err := os.WriteFile(filepath.Join(etc, "passwd"), []byte(passwd), 0o600); err != nil {
		t.Fatal(err)
	}
	keys, typing := io.Pipe()
	out := newOutputWatcher()
	sizes, asked := make(chan agent.Size), make(chan agent.ForegroundQuery)
	type end struct {
		exit int
		err  error
	}
	ended := make(chan end, 1)
	go func() {
		exit, err := c.Run(t.Context(), agent.Command{
			Dir: "/", Env: []string{"PS1=# ", "ENV="}, Stdin: keys, Stdout: out,
			Terminal: &agent.Terminal{Size: agent.Size{Columns: 80, Rows: 24}, Resized: sizes, ForegroundQueries: asked},
		})
		ended <- end{exit, err}
	}()
	// "$0" starts with a hyphen in a login shell. The outputs differ from the typed text.
	out.await <- "0=-sh:"
	_, _ = io.WriteString(typing, "echo 0=$0:\n")
	<-out.found
	out.await <- "got it"
	_, _ = io.WriteString(typing, "until [ \"$(stty size)\" = '50 132' ]; do sleep 0.02; done; echo got\\ it\n")
	sizes <- agent.Size{Columns: 132, Rows: 50}
	<-out.found
	if program, err := queryForeground(asked); program != "" || err != nil {
		t.Errorf("shell at its prompt: got program %q, %v, want none", program, err)
	}
	out.await <- "under way"
	_, _ = io.WriteString(typing, "sh -c 'echo under\\ way; exec sleep 1000'\n")
	<-out.found
	for deadline := time.Now().Add(2 * time.Minute); ; { // sh executes sleep after the output
		program, err := queryForeground(asked)
		if program == "sleep" && err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("got program %q, %v, want %q", program, err, "sleep")
		}
	}
	_, _ = io.WriteString(typing, "\x03exit 5\n")
	if e := <-ended; e.exit != 5 || e.err != nil {
		t.Errorf("got exit code %d, error %v, output %q; want exit code 5", e.exit, e.err, out.all.String())
	}
}

// Processes that remain on a command's terminal must get a hangup.
func TestTerminalIsHungUp(t *testing.T) {
	_, c := connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := newOutputWatcher()
	out.await <- "ready"
	go func() { <-out.found; cancel() }()
	hungUp, report, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer hungUp.Close()
	defer report.Close()
	fd := "/proc/" + strconv.Itoa(os.Getpid()) + "/fd/" + strconv.Itoa(int(report.Fd()))
	// The shell must be quick, or it is killed: it has no child to wait for and writes no file.
	_, err = c.Run(ctx, agent.Command{
		Args:   []string{"sh", "-c", "exec 3>" + fd + "; trap 'echo hung up >&3; exit' TERM HUP; echo ready; sleep 1000 & wait"},
		Stdout: out, Terminal: &agent.Terminal{Size: agent.Size{Columns: 80, Rows: 24}}, Dir: "/",
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := hungUp.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(hungUp).ReadString('\n'); line != "hung up\n" {
		t.Fatalf("the shell: got %q, %v; want %q", line, err, "hung up\n")
	}
}

func TestTerminalErrors(t *testing.T) {
	_, c := connect(t)
	for name, what := range map[string]agent.Command{
		"no size":   {Args: []string{"sh"}, Terminal: &agent.Terminal{}},
		"no name":   {Args: []string{""}, Terminal: &agent.Terminal{Size: agent.Size{Columns: 80, Rows: 24}}},
		"no folder": {Args: []string{"sh"}, Dir: "/no/such", Terminal: &agent.Terminal{Size: agent.Size{Columns: 80, Rows: 24}}},
	} {
		var refused *agent.GuestError
		if _, err := c.Run(t.Context(), what); !errors.As(err, &refused) {
			t.Errorf("%s: got error %v, want a GuestError", name, err)
		}
	}
}

func TestLoginShell(t *testing.T) {
	for text, want := range map[string]string{
		"root:x:0:0::/root:/bin/bash\n":  "/bin/bash",
		"root:x:0:0::/root:\n":           "/bin/sh",
		"root:x:0:0::/root:bash\n":       "/bin/sh",
		"toor:x:0:0::/root:/bin/zsh\n":   "/bin/sh",
		"root:x\n":                       "/bin/sh",
		"":                               "/bin/sh",
		"a:x:1:1::/:/x\nroot:x:0:0:::/y": "/y",
	} {
		path := filepath.Join(t.TempDir(), "passwd")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := loginShell(path); got != want {
			t.Errorf("loginShell with %q: got %s, want %v", text, got, want)
		}
	}
}

// A size that has not been applied is replaced by the next one.
func TestSetLatestSize(t *testing.T) {
	c := &call{sizes: make(chan winsize, 1)}
	for n := uint16(1); n <= 5; n++ {
		c.setLatestSize(winsize{n, n})
	}
	if got := <-c.sizes; got != (winsize{5, 5}) {
		t.Error(got)
	}
	for _, payload := range [][]byte{nil, {0, 1, 0}, {0, 0, 0, 1}, {0, 1, 0, 0}, {0, 1, 0, 1, 0}} {
		if _, _, ok := wire.ParseSize(payload); ok {
			t.Errorf("size payload %v was accepted", payload)
		}
	}
	if columns, rows, ok := wire.ParseSize(wire.SizePayload(300, 2)); columns != 300 || rows != 2 || !ok {
		t.Error(columns, rows, ok)
	}
}
