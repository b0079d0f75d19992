package app

import (
	"bufio"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// expectOutput reads from a shell until its output contains want.
func expectOutput(t *testing.T, s Shell, want string) {
	t.Helper()
	said := make(chan string)
	go func() {
		defer close(said)
		buf := make([]byte, 4096)
		for {
			n, err := s.Read(buf)
			if said <- string(buf[:n]); err != nil {
				return
			}
		}
	}()
	var all strings.Builder
	for late := time.After(guestLimit); !strings.Contains(all.String(), want); {
		select {
		case text, more := <-said:
			if all.WriteString(text); !more {
				t.Fatalf("the shell exited: got output %q, want %q", all.String(), want)
			}
		case <-late:
			t.Fatalf("timeout: got output %q, want %q", all.String(), want)
		}
	}
	go func() {
		for range said { // discard further output
		}
	}()
}

func typeText(t *testing.T, s Shell, text string) {
	t.Helper()
	if _, err := io.WriteString(s, text); err != nil {
		t.Fatal(err)
	}
}

// waitForForeground waits until want is the foreground program of a shell.
func waitForForeground(t *testing.T, s Shell, want string) {
	t.Helper()
	for late := time.Now().Add(guestLimit); ; {
		program, err := s.Program(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if program == want {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("got foreground program %q, want %q", program, want)
		}
	}
}

// waitForPrograms waits until want lists the foreground programs of the terminals in VM dev.
func waitForPrograms(t *testing.T, s *Service, want ...string) {
	t.Helper()
	for late := time.Now().Add(guestLimit); ; {
		got, err := s.Programs(t.Context(), "dev")
		if err != nil {
			t.Fatal(err)
		}
		if slices.Equal(got, want) {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("got programs %q, want %q", got, want)
		}
	}
}

func TestShellInGuest(t *testing.T) {
	v := startRealVM(t, Automatic{})
	open := func(ctx context.Context) Shell {
		s, err := v.Shell(ctx, "dev", TerminalSize{Columns: 91, Rows: 31})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	s := open(t.Context())
	if err := s.Resize(t.Context(), 103, 37); err != nil {
		t.Fatal(err)
	}
	typeText(t, s, "until stty size | grep -q '^37 103'; do sleep 0.1; done; echo $TERM-$(stty size | tr ' ' x); exit 7\r")
	expectOutput(t, s, "xterm-256color-37x103")
	if code, err := s.Exit(); code != 7 || err != nil {
		t.Errorf("got exit code %d, error %v, want 7", code, err)
	}
	if program, err := s.Program(t.Context()); program != "" || err != nil {
		t.Errorf("exited shell: got program %q, error %v, want none", program, err)
	}

	s = open(t.Context())
	typeText(t, s, "echo rea''dy; sleep 1000 | cat\r")
	expectOutput(t, s, "ready")
	waitForForeground(t, s, "sleep")
	waitForPrograms(t, v.Service, "sleep")
	typeText(t, s, "\x03")
	waitForForeground(t, s, "")
	waitForPrograms(t, v.Service)
	s.Close()

	console, err := v.Console(t.Context(), "dev")
	if err != nil {
		t.Fatal(err)
	}
	defer console.Close()
	drawn := make(chan struct{})
	go func() {
		defer close(drawn)
		_, _ = bufio.NewReader(console).ReadString('%') // at the end of vi's status line
	}()
	if _, err := io.WriteString(console, "\rvi\r"); err != nil {
		t.Fatal(err)
	}
	waitForPrograms(t, v.Service, "vi")
	select {
	case <-drawn: // vi discards input that is typed before
	case <-time.After(guestLimit):
		t.Fatal("timeout: vi drew no status line")
	}
	go func() { _, _ = io.Copy(io.Discard, console) }()
	if _, err := io.WriteString(console, ":q!\r"); err != nil {
		t.Fatal(err)
	}
	waitForPrograms(t, v.Service)

	ctx, cancel := context.WithCancel(t.Context())
	s = open(ctx)
	typeText(t, s, "yes\r")
	if _, err := s.Read(make([]byte, 1)); err != nil { // the rest is not read, so that the shell blocks
		t.Fatal(err)
	}
	cancel()
	if code, err := s.Exit(); err == nil {
		t.Errorf("canceled shell: got exit code %d, want an error", code)
	}
	s = open(t.Context())
	s.Close()
	if code, err := s.Exit(); err == nil {
		t.Errorf("closed shell: got exit code %d, want an error", code)
	}
	s = open(t.Context())
	go func() { _, _ = io.Copy(io.Discard, s) }() // until the shell exits
	if err := v.Stop(t.Context(), "dev", StopOptions{Force: true}, nil); err != nil {
		t.Fatal(err)
	}
	if code, err := s.Exit(); err == nil {
		t.Errorf("shell of a stopped VM: got exit code %d, want an error", code)
	}
	if _, err := v.Shell(t.Context(), "dev", TerminalSize{Columns: 80, Rows: 24}); err == nil {
		t.Error("a shell was opened in a stopped VM")
	}
}
