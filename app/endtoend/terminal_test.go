package endtoend

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
)

// terminal is a command in a real terminal, with hands to type and eyes to read.
type terminal struct {
	t   testing.TB
	cmd *exec.Cmd
	tty *os.File

	mu    sync.Mutex
	shown []byte
	read  int           // how much of shown was expected already
	more  chan struct{} // closed when shown has grown
	ended chan struct{} // closed when the command has ended
}

// terminal starts a command of this store in a terminal of 80 columns.
func (s *store) terminal(args ...string) *terminal {
	s.t.Helper()
	x := &terminal{t: s.t, cmd: s.command(args...), more: make(chan struct{}), ended: make(chan struct{})}
	var err error
	if x.tty, err = pty.StartWithSize(x.cmd, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		s.t.Fatal(err)
	}
	go x.look()
	s.t.Cleanup(func() {
		_ = x.cmd.Process.Kill()
		<-x.ended
		x.tty.Close()
		if s.t.Failed() {
			s.t.Logf("%v showed:\n%q", args, x.all())
		}
	})
	return x
}

// look keeps what is shown until the command ends.
func (x *terminal) look() {
	buf := make([]byte, 4096)
	for {
		n, err := x.tty.Read(buf)
		x.mu.Lock()
		x.shown = append(x.shown, buf[:n]...)
		close(x.more)
		x.more = make(chan struct{})
		x.mu.Unlock()
		if err != nil {
			_ = x.cmd.Wait() // its exit code is kept
			close(x.ended)
			return
		}
	}
}

func (x *terminal) all() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return string(x.shown)
}

func (x *terminal) press(keys string) {
	x.t.Helper()
	if _, err := x.tty.WriteString(keys); err != nil {
		x.t.Fatal(err)
	}
}

// expect waits until a text is shown, after what was expected before.
func (x *terminal) expect(text string) {
	x.t.Helper()
	x.expectMatch(regexp.QuoteMeta(text))
}

// expectMatch waits like expect, and returns what matched.
func (x *terminal) expectMatch(pattern string) string {
	x.t.Helper()
	match, ok := x.matches(pattern, patience)
	if !ok {
		x.t.Fatalf("%q was not shown in time", pattern)
	}
	return match
}

// matches waits that long for a pattern.
func (x *terminal) matches(pattern string, limit time.Duration) (string, bool) {
	re := regexp.MustCompile(pattern)
	end := time.After(limit)
	for {
		x.mu.Lock()
		at, more := re.FindIndex(x.shown[x.read:]), x.more
		if at != nil {
			match := bytes.Clone(x.shown[x.read:][at[0]:at[1]])
			x.read += at[1]
			x.mu.Unlock()
			return string(match), true
		}
		x.mu.Unlock()
		select {
		case <-more:
		case <-end:
			return "", false
		}
	}
}

// exit waits for the command's end and returns its exit code.
func (x *terminal) exit() int {
	x.t.Helper()
	select {
	case <-x.ended:
	case <-time.After(patience):
		x.t.Fatalf("%v did not end", x.cmd.Args)
	}
	return x.cmd.ProcessState.ExitCode()
}

// prompt is what the guest's shell shows when it is ready.
const prompt = `root@[^#]*# `

// shell types a line of shell, with a word at its end that shows only once the
// line was run.
func (x *terminal) shell(line, word string) {
	x.t.Helper()
	x.press(line + "; " + saying(word) + "\r")
	x.expect(said(word))
}

// saying is shell that prints said(word), and does not contain it itself.
func saying(word string) string { return "echo " + word + "-$((6*7))" }

func said(word string) string { return strings.TrimSpace(word) + "-42" }
