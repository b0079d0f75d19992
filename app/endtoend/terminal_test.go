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

// terminal is a command on a real terminal, which the test can type into and read.
type terminal struct {
	t   testing.TB
	cmd *exec.Cmd
	tty *os.File

	mu     sync.Mutex
	shown  []byte
	read   int           // length of the part of shown that was already matched
	more   chan struct{} // closed when shown has grown
	exited chan struct{} // closed when the command has exited
}

// terminal starts a command on this store, on a terminal with 80 columns.
func (s *store) terminal(args ...string) *terminal {
	s.t.Helper()
	x := &terminal{t: s.t, cmd: s.command(args...), more: make(chan struct{}), exited: make(chan struct{})}
	var err error
	if x.tty, err = pty.StartWithSize(x.cmd, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		s.t.Fatal(err)
	}
	go x.recordOutput()
	s.t.Cleanup(func() {
		_ = x.cmd.Process.Kill()
		<-x.exited
		x.tty.Close()
		if s.t.Failed() {
			s.t.Logf("%v showed:\n%q", args, x.output())
		}
	})
	return x
}

// recordOutput records the output until the command exits.
func (x *terminal) recordOutput() {
	buf := make([]byte, 4096)
	for {
		n, err := x.tty.Read(buf)
		x.mu.Lock()
		x.shown = append(x.shown, buf[:n]...)
		close(x.more)
		x.more = make(chan struct{})
		x.mu.Unlock()
		if err != nil {
			_ = x.cmd.Wait() // ProcessState has the exit code
			close(x.exited)
			return
		}
	}
}

func (x *terminal) output() string {
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

// expect waits until text is shown after the previously expected text.
func (x *terminal) expect(text string) {
	x.t.Helper()
	x.expectMatch(regexp.QuoteMeta(text))
}

// expectMatch is like expect, but waits for a match of pattern and returns the match.
func (x *terminal) expectMatch(pattern string) string {
	x.t.Helper()
	match, ok := x.waitForMatch(pattern, stateTimeout)
	if !ok {
		x.t.Fatalf("%q was not shown within %v", pattern, stateTimeout)
	}
	return match
}

// waitForMatch is like expectMatch, but reports whether there was a match within limit.
func (x *terminal) waitForMatch(pattern string, limit time.Duration) (string, bool) {
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

// waitExit waits for the command to exit and returns its exit code.
func (x *terminal) waitExit() int {
	x.t.Helper()
	select {
	case <-x.exited:
	case <-time.After(stateTimeout):
		x.t.Fatalf("%v did not exit", x.cmd.Args)
	}
	return x.cmd.ProcessState.ExitCode()
}

// prompt matches the prompt of the guest's shell.
const prompt = `root@[^#]*# `

// runInShell types a shell command, followed by one that prints marker(word), and waits for that
// text.
func (x *terminal) runInShell(line, word string) {
	x.t.Helper()
	x.press(line + "; " + markerCommand(word) + "\r")
	x.expect(marker(word))
}

// markerCommand returns a shell command that prints marker(word) but does not contain it.
func markerCommand(word string) string { return "echo " + word + "-$((6*7))" }

func marker(word string) string { return strings.TrimSpace(word) + "-42" }
