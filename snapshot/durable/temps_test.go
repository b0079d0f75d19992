package durable

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSweepTempsOf(t *testing.T) {
	dir := t.TempDir()
	disk := filepath.Join(dir, "disk.raw")
	r, err := NewReplacement(disk)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Discard()
	keep := []string{".disk.raw-x", ".other-1.tmp", "disk.raw"}
	for _, name := range keep {
		if err := os.WriteFile(filepath.Join(dir, name), nil, FileMode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("nowhere", TempName(disk)); err != nil {
		t.Fatal(err)
	}
	if err := SweepTempsOf(disk); err != nil {
		t.Fatal(err)
	}
	entries, _ := os.ReadDir(dir)
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if !slices.Equal(left, keep) {
		t.Errorf("got the files %q, want %q", left, keep)
	}
	if err := SweepTempsOf(filepath.Join(dir, "none", "x")); err != nil {
		t.Errorf("missing folder: got error %v, want no error", err)
	}
}

// TestReplaceLongName replaces files whose names have the maximum length.
func TestReplaceLongName(t *testing.T) {
	for _, name := range []string{strings.Repeat("x", 255), strings.Repeat("é", 127)} {
		path := filepath.Join(t.TempDir(), name)
		r, err := NewReplacementMode(path, 0o640)
		if err != nil {
			t.Fatal(err)
		}
		if temp := filepath.Base(r.Name()); !IsTempOf(temp, path) || !utf8.ValidString(temp) {
			t.Errorf("got the temporary name %q, want a valid one for the file", temp)
		}
		if err := r.Commit(); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode()&^0o640 != 0 {
			t.Errorf("got %v, %v; want mode 0640 at most", info, err)
		}
	}
}
