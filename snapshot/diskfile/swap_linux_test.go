package diskfile

import (
	"os"
	"path/filepath"
	"testing"

	"vmterminal/app/ondisk"
)

// TestUndoOnAnotherFileSystem is for a disk that is a link to a larger one.
func TestUndoOnAnotherFileSystem(t *testing.T) {
	const memory = "/dev/shm" // the one other file system that every Linux has
	other, err := os.MkdirTemp(memory, "swap")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(other)
	dir := t.TempDir()
	disk, undo := filepath.Join(other, "real.img"), filepath.Join(dir, "disk.undo")
	put(t, disk, "one")
	put(t, undo, "older")
	for _, texts := range [][2]string{{"one", "two"}, {"two", "three"}} {
		if !swap(t, disk, undo, texts[1]) {
			t.Error("kept nothing")
		}
		want(t, undo, texts[0])
	}
	if to, err := os.Readlink(undo); err != nil || to != ondisk.UndoBeside(disk) {
		t.Errorf("undo leads to %q, %v", to, err)
	}
	for _, texts := range [][2]string{{"two", "three"}, {"three", "two"}} {
		if placed, err := Back(disk, undo); err != nil || !placed {
			t.Fatal(placed, err)
		}
		want(t, disk, texts[0])
		want(t, undo, texts[1])
	}
	if freed, err := Discard(disk, undo); err != nil || freed == 0 {
		t.Errorf("freed %d, %v", freed, err)
	}
	for _, gone := range []string{undo, ondisk.UndoBeside(disk)} {
		if _, err := os.Lstat(gone); err == nil {
			t.Errorf("%s is left", gone)
		}
	}
	put(t, undo, "kept before the disk was moved")
	if placed, err := Back(disk, undo); err == nil || placed {
		t.Errorf("across file systems: %v", err)
	}
	want(t, disk, "three")
}
