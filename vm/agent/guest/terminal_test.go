//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vmterminal/vm/agent"
	"vmterminal/vm/agent/wire"
)

// seen is output in which a test waits for text.
type seen struct {
	all   bytes.Buffer
	await chan string // text to wait for
	found chan struct{}
	text  string
}

func newSeen() *seen { return &seen{await: make(chan string, 1), found: make(chan struct{}, 1)} }

func (s *seen) Write(p []byte) (int, error) {
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

// inFront is what has the keyboard of a terminal.
func inFront(asked chan<- agent.Question) (program string, err error) {
	told := make(chan struct{})
	asked <- func(p string, e error) {
		program, err = p, e
		close(told)
	}
	<-told
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
		t.Errorf("exit code %d, %v, %q", exit, err, out.String())
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
	out := newSeen()
	sizes, asked := make(chan agent.Size), make(chan agent.Question)
	type end struct {
		exit int
		err  error
	}
	ended := make(chan end, 1)
	go func() {
		exit, err := c.Run(t.Context(), agent.Command{
			Dir: "/", Env: []string{"PS1=# ", "ENV="}, Stdin: keys, Stdout: out,
			Terminal: &agent.Terminal{Size: agent.Size{Columns: 80, Rows: 24}, Resized: sizes, Asked: asked},
		})
		ended <- end{exit, err}
	}()
	// "$0" begins with a hyphen: a login shell. Each answer differs from what was typed.
	out.await <- "0=-sh:"
	_, _ = io.WriteString(typing, "echo 0=$0:\n")
	<-out.found
	out.await <- "got it"
	_, _ = io.WriteString(typing, "until [ \"$(stty size)\" = '50 132' ]; do sleep 0.02; done; echo got\\ it\n")
	sizes <- agent.Size{Columns: 132, Rows: 50}
	<-out.found
	if program, err := inFront(asked); program != "" || err != nil {
		t.Errorf("%q is in front of a shell that waits, %v", program, err)
	}
	out.await <- "under way"
	_, _ = io.WriteString(typing, "sh -c 'echo under\\ way; exec sleep 1000'\n")
	<-out.found
	for deadline := time.Now().Add(10 * time.Second); ; { // sh becomes sleep after it has said so
		program, err := inFront(asked)
		if program == "sleep" && err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%q is in front of the shell, %v", program, err)
		}
	}
	_, _ = io.WriteString(typing, "\x03exit 5\n")
	if e := <-ended; e.exit != 5 || e.err != nil {
		t.Errorf("exit code %d, %v: %q", e.exit, e.err, out.all.String())
	}
}

// What a command has left on its terminal hears that it is hung up.
func TestTerminalIsHungUp(t *testing.T) {
	_, c := connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := newSeen()
	out.await <- "ready"
	go func() { <-out.found; cancel() }()
	gone := filepath.Join(t.TempDir(), "gone")
	_, err := c.Run(ctx, agent.Command{
		Args:   []string{"sh", "-c", "trap 'echo >" + gone + "; exit' TERM HUP; echo ready; while :; do sleep 0.02; done"},
		Stdout: out, Terminal: &agent.Terminal{Size: agent.Size{Columns: 80, Rows: 24}}, Dir: "/",
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		if _, err := os.Stat(gone); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("it still runs")
		}
	}
}

func TestTerminalRefuses(t *testing.T) {
	_, c := connect(t)
	for name, what := range map[string]agent.Command{
		"no size":   {Args: []string{"sh"}, Terminal: &agent.Terminal{}},
		"no name":   {Args: []string{""}, Terminal: &agent.Terminal{Size: agent.Size{Columns: 80, Rows: 24}}},
		"no folder": {Args: []string{"sh"}, Dir: "/no/such", Terminal: &agent.Terminal{Size: agent.Size{Columns: 80, Rows: 24}}},
	} {
		var refused *agent.GuestError
		if _, err := c.Run(t.Context(), what); !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
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
			t.Errorf("%q: %s", text, got)
		}
	}
}

// A size that nobody has taken yet is overtaken by the next.
func TestSizesAreOvertaken(t *testing.T) {
	c := &call{sizes: make(chan winsize, 1)}
	for n := uint16(1); n <= 5; n++ {
		c.resized(winsize{n, n})
	}
	if got := <-c.sizes; got != (winsize{5, 5}) {
		t.Error(got)
	}
	for _, payload := range [][]byte{nil, {0, 1, 0}, {0, 0, 0, 1}, {0, 1, 0, 0}, {0, 1, 0, 1, 0}} {
		if _, _, ok := wire.ParseSize(payload); ok {
			t.Errorf("%v is a size", payload)
		}
	}
	if columns, rows, ok := wire.ParseSize(wire.SizePayload(300, 2)); columns != 300 || rows != 2 || !ok {
		t.Error(columns, rows, ok)
	}
}
