package snapshot

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// linked returns the paths of a VM whose disk is a link to another file system.
func linked(t *testing.T, disk []byte) (dir Paths, real string) {
	t.Helper()
	other, err := os.MkdirTemp("/dev/shm", "disk") // a file system that every Linux has
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(other) })
	dir, real = vmDir(t, nil), filepath.Join(other, "real.img")
	writeFile(t, real, disk)
	os.Remove(dir.Disk)
	if err := os.Symlink(real, dir.Disk); err != nil {
		t.Fatal(err)
	}
	return dir, real
}

// TestDiskOnAnotherFileSystem restores, undoes and discards with a disk on another file
// system. The link to the disk must be kept.
func TestDiskOnAnotherFileSystem(t *testing.T) {
	first, second := content(1, 2*mib), content(2, mib)
	dir, real := linked(t, first)
	store, ctx := Open(dir), context.Background()
	create(t, dir, "a")
	writeFile(t, real, second)
	if err := os.Chmod(real, 0o640); err != nil {
		t.Fatal(err)
	}
	if r := restore(t, dir, "a"); r.OldSize != mib || r.NewSize != 2*mib || r.Undo != dir.Undo {
		t.Errorf("restore: got %+v, want OldSize %v, NewSize %v, Undo %v", r, mib, 2*mib, dir.Undo)
	}
	check := func(when string, want, kept []byte) {
		t.Helper()
		if to, err := os.Readlink(dir.Disk); err != nil || to != real {
			t.Errorf("%s: got a link to %s, %v; want %v", when, to, err, real)
		}
		if st, err := os.Lstat(real); err != nil || st.Mode() != 0o640 {
			t.Errorf("%s: got %v, %v; want 0o640", when, st.Mode(), err)
		}
		if !bytes.Equal(readFile(t, real), want) || !bytes.Equal(readFile(t, dir.Undo), kept) {
			t.Errorf("%s: got a different disk or undo disk", when)
		}
	}
	check("restored", first, second)
	for _, disks := range [][2][]byte{{second, first}, {first, second}} {
		if _, err := store.Undo(ctx, dir.Disk); err != nil {
			t.Fatal(err)
		}
		check("undone", disks[0], disks[1])
	}
	if size, used, _, err := store.UndoInfo(); err != nil || size != mib || used < mib {
		t.Errorf("UndoInfo: got %d, %d, %v; want %v", size, used, err, mib)
	}
	if freed, err := store.DiscardUndo(ctx); err != nil || freed < mib {
		t.Errorf("got %d freed bytes, %v; want at least 1 MiB", freed, err)
	}
	if left := tree(t, filepath.Dir(real)); left != "real.img" {
		t.Errorf("got the files %s, want real.img", left)
	}
}

// TestDanglingLinks restores through links to missing disks, and fails if their folder
// is missing.
func TestDanglingLinks(t *testing.T) {
	disk := content(1, mib)
	dir, real := linked(t, disk)
	create(t, dir, "a")
	os.Remove(real)
	if r := restore(t, dir, "a"); r.OldSize != 0 || r.Undo != "" || !bytes.Equal(readFile(t, real), disk) {
		t.Errorf("link to a missing disk: got %+v, want OldSize 0, Undo none", r)
	}
	for to, want := range map[string]error{"disk.raw": nil, "no/such/folder": os.ErrNotExist} {
		os.Remove(dir.Disk)
		if err := os.Symlink(to, dir.Disk); err != nil {
			t.Fatal(err)
		}
		before := tree(t, dir.Snapshots)
		_, err := Open(dir).Restore(context.Background(), "a", dir.Disk, nil)
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("link to %s: got unexpected error %v", to, err)
		}
		if now, _ := os.Readlink(dir.Disk); now != to || tree(t, dir.Snapshots) != before {
			t.Errorf("link to %s: got a link to %s or changed files, want no change", to, now)
		}
	}
}

// TestFailedRestoreKeepsAttributes checks that a failed restore leaves the disk and its
// attributes unchanged.
func TestFailedRestoreKeepsAttributes(t *testing.T) {
	dir := vmDir(t, content(1, mib))
	create(t, dir, "a")
	damage(t, Open(dir).filePath("a"), 5000)
	writeFile(t, dir.Disk, content(2, mib))
	if err := errors.Join(os.Chmod(dir.Disk, 0o640), unix.Setxattr(dir.Disk, "user.note", []byte("mine"), 0)); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(dir.Disk)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir).Restore(context.Background(), "a", dir.Disk, nil); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
	after, err := os.Stat(dir.Disk)
	if err != nil || !os.SameFile(before, after) || after.Mode() != 0o640 || after.ModTime() != before.ModTime() {
		t.Errorf("Stat: got %v, %v; want the same disk and attributes", after, err)
	}
}
