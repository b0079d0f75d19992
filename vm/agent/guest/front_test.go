//go:build linux

package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"vmterminal/vm/agent/wire"
)

func TestProgramOf(t *testing.T) {
	proc := t.TempDir()
	for pid, stat := range map[string]string{
		"10":   "10 (sh) S 1 10 10 0 -1",
		"20":   "20 (a (b) c) S 10 20 10 0 -1",
		"31":   "31 (second) S 10 30 10 0 -1", // of a pipe whose first program has ended
		"40":   "40 (cut",
		"50":   "50 (short) S 1",
		"self": "60 (link) S 1 60 60 0 -1",
	} {
		dir := filepath.Join(proc, pid)
		if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, "stat"), []byte(stat), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for group, want := range map[int]string{10: "sh", 20: "a (b) c", 30: "second", 40: unnamed, 50: unnamed, 60: unnamed} {
		if got := programOf(proc, group); got != want {
			t.Errorf("group %d: %q, want %q", group, got, want)
		}
	}
}

func TestFrontOfNoTerminal(t *testing.T) {
	s := newServer(t.TempDir())
	s.calls[7] = &call{} // a command without a terminal
	for _, stream := range []uint32{0, 7, 8} {
		var coded *wire.Error
		if _, err := s.front(stream); !errors.As(err, &coded) || coded.Code != wire.CodeNotFound {
			t.Errorf("stream %d: %v", stream, err)
		}
	}
}
