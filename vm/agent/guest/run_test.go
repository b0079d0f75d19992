//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"vmterminal/vm/agent"
	"vmterminal/vm/agent/wire"
)

// The host may consume a command's last output long after the command has exited and the
// read deadline has passed.
func TestCopyOutputAfterDeadline(t *testing.T) {
	terminal, slave, err := openTerminal()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		from, to *os.File
		size     int
	}{
		"pipe":     {r, w, 60000},
		"terminal": {terminal, slave, 2000},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			defer test.from.Close()
			defer test.to.Close() // as if a child kept it open
			want := bytes.Repeat([]byte("x"), test.size)
			if _, err := test.to.Write(want); err != nil {
				t.Fatal(err)
			}
			if err := test.from.SetReadDeadline(time.Now().Add(-time.Second)); err != nil {
				t.Fatal(err)
			}
			port, host, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			s := newServer(t.TempDir())
			s.setPort(host)
			go func() {
				defer host.Close()
				exited := make(chan struct{})
				close(exited)
				c := &call{server: s}
				c.copyOutput(t.Context(), test.from, wire.Stdout, wire.NewSendWindow(), exited)
			}()
			var got []byte
			ended := false
			_ = wire.Receive(port, func(f wire.Frame) bool {
				got = append(got, f.Payload...)
				ended = ended || f.Kind == wire.End
				return true
			})
			port.Close()
			if !bytes.Equal(got, want) || !ended {
				t.Errorf("got %d of %d bytes, End received: %v", len(got), len(want), ended)
			}
		})
	}
}

// fakeFreeze makes s appear frozen until the limit or a thaw. It does not really freeze
// file systems, as that would freeze this machine.
func fakeFreeze(s *server, limit time.Duration) {
	state := &freezeState{thawed: make(chan struct{})}
	s.freezer.mu.Lock()
	defer s.freezer.mu.Unlock()
	state.timer = time.AfterFunc(limit, func() { _ = s.freezer.release(state) })
	s.freezer.current = state
}

func TestRunWaitsForThaw(t *testing.T) {
	for name, terminal := range map[string]*agent.Terminal{
		"pipes":    nil,
		"terminal": {Size: agent.Size{Columns: 80, Rows: 24}},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := connect(t)
			fakeFreeze(s, 100*time.Millisecond)
			exit, err := c.Run(t.Context(), agent.Command{Args: []string{"sh", "-c", "exit 7"}, Dir: "/", Terminal: terminal})
			if exit != 7 || err != nil {
				t.Errorf("got exit code %d, error %v; want 7, nil", exit, err)
			}
		})
	}
}

func TestWaitThawedEndsWithContext(t *testing.T) {
	s := newServer(t.TempDir())
	fakeFreeze(s, time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.freezer.waitThawed(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
	if err := s.freezer.thaw(); err != nil {
		t.Fatal(err)
	}
	if err := s.freezer.waitThawed(t.Context()); err != nil {
		t.Errorf("after the thaw: got error %v, want no error", err)
	}
}
