package ondisk

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

func TestReplaceKeepsTheOldFileWhenWritingFails(t *testing.T) {
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
		t.Errorf("err = %v", err)
	}
	if got := read(t, path); got != "\"old\"\n" {
		t.Errorf("the old file became %q", got)
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("left behind: %v", got)
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
		t.Errorf("mode %v", info.Mode())
	}
}

func TestPutAsideLosesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.json")
	for _, content := range []string{"one", "two"} {
		if err := os.WriteFile(path, []byte(content), FileMode); err != nil {
			t.Fatal(err)
		}
		aside, err := PutAside(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, aside); got != content {
			t.Errorf("%s holds %q, want %q", aside, got, content)
		}
	}
	if aside, err := PutAside(path); aside != "" || err != nil {
		t.Errorf("of a missing file: %q, %v", aside, err)
	}
	if got := names(t, dir); len(got) != 2 {
		t.Errorf("kept: %v", got)
	}
}

func TestSweepTempsTakesOnlyUnfinishedFiles(t *testing.T) {
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
		t.Errorf("left: %v", got)
	}
}
