package durable

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestReplaceKeepsOldFileWhenWriteFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.json")
	if err := ReplaceJSON(path, "old"); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	err := Replace(path, func(w io.Writer) error {
		_, _ = io.WriteString(w, "half of the n")
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("got error %v, want %v", err, boom)
	}
	if got := read(t, path); got != "\"old\"\n" {
		t.Errorf("got the contents %q, want the old ones", got)
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("got the files %v, want 1", got)
	}
}

func TestReplaceIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := ReplaceJSON(path, 1); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != FileMode {
		t.Errorf("got mode %v, want %v", info.Mode(), FileMode)
	}
}

func TestPutAsideKeepsAllContent(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.json")
	for _, content := range []string{"one", "two"} {
		if err := os.WriteFile(path, []byte(content), FileMode); err != nil {
			t.Fatal(err)
		}
		aside, err := MoveAside(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, aside); got != content {
			t.Errorf("%s contains %q, want %q", aside, got, content)
		}
	}
	if aside, err := MoveAside(path); aside != "" || err != nil {
		t.Errorf("missing file: got %q, %v; want neither", aside, err)
	}
	if got := names(t, dir); len(got) != 2 {
		t.Errorf("got the files %v, want 2", got)
	}
}

func TestSweepTempsRemovesOnlyTemporaryFiles(t *testing.T) {
	dir := t.TempDir()
	r, err := NewReplacement(filepath.Join(dir, "disk.raw"))
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	for _, keep := range []string{"disk.raw", "notes.tmp", ".profile"} {
		if err := os.WriteFile(filepath.Join(dir, keep), nil, FileMode); err != nil {
			t.Fatal(err)
		}
	}
	if err := SweepTemps(dir); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); len(got) != 3 {
		t.Errorf("got the files %v, want 3", got)
	}
}
