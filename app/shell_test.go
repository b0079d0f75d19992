package app

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"
)

// reads reads from a shell until it has said that.
func reads(t *testing.T, s Shell, want string) {
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
				t.Fatalf("the shell ended before it said %q: %q", want, all.String())
			}
		case <-late:
			t.Fatalf("the shell did not say %q: %q", want, all.String())
		}
	}
	go func() {
		for range said { // what comes until somebody else reads, or the end
		}
	}()
}

func types(t *testing.T, s Shell, text string) {
	t.Helper()
	if _, err := io.WriteString(s, text); err != nil {
		t.Fatal(err)
	}
}

// comesToFront waits until that program has a shell's keyboard.
func comesToFront(t *testing.T, s Shell, want string) {
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
			t.Fatalf("%q is in front, not %q", program, want)
		}
	}
}

func TestShellInARealGuest(t *testing.T) {
	v := runReal(t, Automatic{})
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
	types(t, s, "until stty size | grep -q '^37 103'; do sleep 0.1; done; echo $TERM-$(stty size | tr ' ' x); exit 7\r")
	reads(t, s, "xterm-256color-37x103")
	if code, err := s.Exit(); code != 7 || err != nil {
		t.Errorf("the shell ended with %d, %v", code, err)
	}
	if program, err := s.Program(t.Context()); program != "" || err != nil {
		t.Errorf("a shell that has ended runs %q, %v", program, err)
	}

	s = open(t.Context())
	types(t, s, "echo rea''dy; sleep 1000 | cat\r")
	reads(t, s, "ready")
	comesToFront(t, s, "sleep")
	types(t, s, "\x03")
	comesToFront(t, s, "")
	s.Close()

	ctx, cancel := context.WithCancel(t.Context())
	s = open(ctx)
	types(t, s, "yes\r")
	if _, err := s.Read(make([]byte, 1)); err != nil { // and nobody reads the rest
		t.Fatal(err)
	}
	cancel()
	if code, err := s.Exit(); err == nil {
		t.Errorf("a cancelled shell ended with %d and no error", code)
	}
	s = open(t.Context())
	s.Close()
	if code, err := s.Exit(); err == nil {
		t.Errorf("a closed shell ended with %d and no error", code)
	}
	s = open(t.Context())
	go func() { _, _ = io.Copy(io.Discard, s) }() // until it ends
	if err := v.Stop(t.Context(), "dev", StopOptions{Force: true}, nil); err != nil {
		t.Fatal(err)
	}
	if code, err := s.Exit(); err == nil {
		t.Errorf("the shell of a VM that was stopped ended with %d and no error", code)
	}
	if _, err := v.Shell(t.Context(), "dev", TerminalSize{Columns: 80, Rows: 24}); err == nil {
		t.Error("a VM that is off has a shell")
	}
}
