package ondisk

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
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
		t.Errorf("left are %q, not %q", left, keep)
	}
	if err := SweepTempsOf(filepath.Join(dir, "none", "x")); err != nil {
		t.Errorf("a missing folder: %v", err)
	}
}
