//go:build linux

package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"vmterminal/vm/agent/wire"
)

// fakeProc creates a fake /proc with the given stat files.
func fakeProc(t *testing.T, stats map[string]string) string {
	t.Helper()
	proc := t.TempDir()
	for pid, stat := range stats {
		dir := filepath.Join(proc, pid)
		if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, "stat"), []byte(stat), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return proc
}

func TestGroupProgram(t *testing.T) {
	proc := fakeProc(t, map[string]string{
		"10":   "10 (sh) S 1 10 10 0 -1",
		"20":   "20 (a (b) c) S 10 20 10 0 -1",
		"31":   "31 (second) S 10 30 10 0 -1", // the first program of its pipeline has exited
		"40":   "40 (cut",
		"50":   "50 (short) S 1",
		"self": "60 (link) S 1 60 60 0 -1",
	})
	for group, want := range map[int]string{10: "sh", 20: "a (b) c", 30: "second", 40: unknownProgram, 50: unknownProgram, 60: unknownProgram} {
		if got := groupProgram(proc, group); got != want {
			t.Errorf("group %d: got %q, want %q", group, got, want)
		}
	}
}

func TestForegroundPrograms(t *testing.T) {
	proc := fakeProc(t, map[string]string{
		"1":   "1 (init) S 0 1 1 0 -1 4194560 5",
		"10":  "10 (sh) S 1 10 10 1088 20 4194560 5", // the console's shell
		"20":  "20 (vim) S 10 20 10 1088 20 4194560 5",
		"21":  "21 (helper) S 20 20 10 1088 20 4194560 5", // in vim's group
		"30":  "30 (sleep) S 10 30 10 1088 20 4194560 5",  // in the background
		"40":  "40 (bash) S 1 40 40 34816 40 4194560 5",   // at its prompt
		"50":  "50 (bash) S 1 50 50 34817 61 4194560 5",
		"62":  "62 (less) S 50 61 50 34817 61 4194560 5", // the first program of its pipeline has exited
		"70":  "70 (daemon) S 1 70 70 0 -1 4194560 5",
		"80":  "80 (getty) S 1 80 80 1025 80 4194560 5",
		"90":  "90 (cut) S 1 90",
		"110": "110 (sh) S 1 110 110 34818 111 4194560 5",
		"111": "111 (bash) S 110 111 110 34818 111 4194560 5", // in another shell
		"120": "120 (sh) S 1 120 120 34819 121 4194560 5",
		"121": "121 (sh) S 120 121 120 34819 121 4194560 5", // runs a script
		"122": "122 (make) S 121 121 120 34819 121 4194560 5",
		"130": "130 (top) S 1 130 130 34820 130 4194560 5", // on its own terminal
		"100": "100 (odd) S 1 x y z 0",
	})
	if got, want := foregroundPrograms(proc), []string{"vim", "less", "make", "top"}; !slices.Equal(got, want) {
		t.Errorf("got programs %q, want %q", got, want)
	}
	if got := foregroundPrograms(filepath.Join(proc, "none")); len(got) != 0 {
		t.Errorf("without /proc: got %q, want none", got)
	}
}

func TestForegroundProgramWithoutTerminal(t *testing.T) {
	s := newServer(t.TempDir())
	s.calls[7] = &call{} // a command without a terminal
	for _, stream := range []uint32{0, 7, 8} {
		var coded *wire.Error
		if _, err := s.foregroundProgram(stream); !errors.As(err, &coded) || coded.Code != wire.CodeNotFound {
			t.Errorf("stream %d: got error %v, want CodeNotFound", stream, err)
		}
	}
}
