package snapshot

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/mounttest"
)

// TestLimitedFileSystem creates, restores, undoes, renames and deletes snapshots on a file
// system without hard links, exchange of names, fsync of folders or a known size.
func TestLimitedFileSystem(t *testing.T) {
	dir := testPaths(mounttest.LimitedDir(t) + "/dev")
	if err := durable.MakeDir(dir.Snapshots); err != nil {
		t.Fatal(err)
	}
	first, second := content(1, 2*mib), content(2, 2*mib)
	writeFile(t, dir.Disk, first)
	store, ctx := Open(dir), context.Background()
	if err := os.Link(dir.Disk, dir.Disk+".x"); err == nil {
		t.Fatal("got a file system with hard links, want one without")
	}
	if _, _, err := diskfile.Space(filepath.Dir(dir.Disk)); !errors.Is(err, diskfile.ErrSpaceUnknown) {
		t.Errorf("Space: got error %v, want error %v", err, diskfile.ErrSpaceUnknown)
	}
	check := func(what string, want []byte) {
		t.Helper()
		if !bytes.Equal(readFile(t, dir.Disk), want) {
			t.Errorf("%s: got other disk contents", what)
		}
		if err := store.Sweep(); err != nil {
			t.Errorf("%s: got error %v, want no error", what, err)
		}
	}
	create(t, dir, "a")
	writeFile(t, dir.Disk, second)
	restore(t, dir, "a")
	check("restored", first)
	for _, want := range [][]byte{second, first} {
		if _, err := store.Undo(ctx, dir.Disk); err != nil {
			t.Fatal(err)
		}
		check("undone", want)
	}
	if err := errors.Join(store.Rename(ctx, "a", "b"), store.Pin(ctx, "b", true), store.Delete(ctx, "b")); err != nil {
		t.Error(err)
	}

	// After a crash between the two renames of a swap the disk has only a temporary name.
	if _, err := store.DiscardUndo(ctx); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir.Disk, durable.TempName(dir.Undo)); err != nil {
		t.Fatal(err)
	}
	if err := store.Sweep(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Undo(ctx, dir.Disk); err != nil {
		t.Fatal(err)
	}
	check("brought back after a crash", first)
}
