package diskfile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestUndoOnAnotherFileSystem swaps a disk on a different file system from undo.
func TestUndoOnAnotherFileSystem(t *testing.T) {
	const memory = "/dev/shm" // another file system on every Linux
	other, err := os.MkdirTemp(memory, "swap")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(other)
	dir := t.TempDir()
	disk, undo := filepath.Join(other, "real.img"), filepath.Join(dir, "disk.undo")
	write(t, disk, "one")
	write(t, undo, "older")
	for _, texts := range [][2]string{{"one", "two"}, {"two", "three"}} {
		if !swap(t, disk, undo, texts[1]) {
			t.Error("Swap: got no undo disk, want one")
		}
		want(t, undo, texts[0])
	}
	if to, err := os.Readlink(undo); err != nil || to != UndoBeside(disk) {
		t.Errorf("undo is a link to %q, %v; want %q", to, err, UndoBeside(disk))
	}
	for _, texts := range [][2]string{{"two", "three"}, {"three", "two"}} {
		if placed, err := SwapBack(disk, undo); err != nil || !placed {
			t.Fatal(placed, err)
		}
		want(t, disk, texts[0])
		want(t, undo, texts[1])
	}
	if freed, err := Discard(disk, undo); err != nil || freed == 0 {
		t.Errorf("Discard freed %d bytes, %v; want more than 0", freed, err)
	}
	for _, gone := range []string{undo, UndoBeside(disk)} {
		if _, err := os.Lstat(gone); err == nil {
			t.Errorf("got file %s, want it removed", gone)
		}
	}
	write(t, undo, "from before the disk was moved")
	if placed, err := SwapBack(disk, undo); err == nil || placed {
		t.Errorf("SwapBack across file systems: placed %v, error %v; want an error", placed, err)
	}
	want(t, disk, "three")
}

// TestUndoLinkBlocked blocks undo, so that it cannot become a link to the old disk. The old
// disk must survive until the link can be created.
func TestUndoLinkBlocked(t *testing.T) {
	other, err := os.MkdirTemp("/dev/shm", "swap")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(other)
	dir := t.TempDir()
	disk, undo := filepath.Join(other, "real.img"), filepath.Join(dir, "disk.undo")
	write(t, disk, "one")
	blockName(t, undo)
	swapUnplaced(t, disk, undo, "two")
	for range 2 {
		var stuck *UndoNotPlaced
		if err := Sweep(disk, undo); !errors.As(err, &stuck) {
			t.Fatalf("Sweep: got %v, want an *UndoNotPlaced", err)
		}
		want(t, stuck.Disk, "one")
	}
	if err := os.RemoveAll(undo); err != nil {
		t.Fatal(err)
	}
	if err := Sweep(disk, undo); err != nil {
		t.Fatal(err)
	}
	want(t, undo, "one")
	want(t, UndoBeside(disk), "one")
}
