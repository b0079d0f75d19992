package snapshot

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"vmterminal/snapshot/durable/lazydisk"
)

func createEmptyOverlay(path string, _ int64) error {
	return os.WriteFile(path, nil, 0o600)
}

func restoreLazily(t *testing.T, dir Paths, name string) Restored {
	t.Helper()
	restored, err := Open(dir).RestoreLazily(context.Background(), name, dir.Disk, false, createEmptyOverlay, nil)
	if err != nil {
		t.Fatal(err)
	}
	return restored
}

func openFiller(t *testing.T, dir Paths) *Filler {
	t.Helper()
	m, err := lazydisk.Read(dir.Disk)
	if err != nil || m == nil {
		t.Fatalf("marker of the disk: %v, %v, want one", m, err)
	}
	f, err := OpenFiller(context.Background(), dir.Disk, dir.Filling.Folder(*m), *m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// completeFilled makes the filled disk an ordinary one.
func completeFilled(t *testing.T, dir Paths) {
	t.Helper()
	m, err := lazydisk.Read(dir.Disk)
	if err == nil {
		err = lazydisk.Complete(dir.Disk, *m)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestLazyDiskIsFilled(t *testing.T) {
	old, now := content(1, 5*mib), content(2, 6*mib+512)
	copy(now[2*mib:], make([]byte, mib)) // a chunk of zeros
	dir := vmDir(t, old)
	create(t, dir, "old")
	writeFile(t, dir.Disk, now)
	restored := restoreLazily(t, dir, "old")
	if !restored.Lazy || restored.OldSize != 6*mib+512 || restored.NewSize != 5*mib || restored.Undo == "" {
		t.Errorf("RestoreLazily = %+v, want a lazy disk with an undo disk", restored)
	}
	if got := readFile(t, dir.Undo); !bytes.Equal(got, now) {
		t.Error("the undo disk is not the previous disk")
	}
	if err := Open(dir).Delete(context.Background(), "old"); err != nil {
		t.Fatal(err)
	}
	if err := Open(dir).SweepLazy(); err != nil {
		t.Fatal(err)
	}
	f := openFiller(t, dir)
	part := make([]byte, 1000)
	if _, err := f.ReadAt(part, mib-500); err != nil || !bytes.Equal(part, old[mib-500:][:1000]) {
		t.Errorf("reading the source: %v, or other bytes than the snapshot's", err)
	}
	for range 2 { // a second time finds everything there
		var w watcher
		if err := f.Fill(context.Background(), &w); err != nil {
			t.Fatal(err)
		}
		if got, want := w.done[PhaseRestore], f.DataBytes(); got != want {
			t.Errorf("Fill reported %d bytes, want %d", got, want)
		}
	}
	completeFilled(t, dir)
	if got := readFile(t, dir.Disk); !bytes.Equal(got, old) {
		t.Errorf("the filled disk (%d bytes) is not that of the snapshot (%d bytes)", len(got), len(old))
	}
	if err := Open(dir).SweepLazy(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(string(dir.Filling)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s remains after the disk is complete: %v", dir.Filling, err)
	}
}

// TestFillRepairsContents fills a file that has other contents, as after an interrupted fill
// and a part of what the guest wrote.
func TestFillRepairsContents(t *testing.T) {
	disk := content(3, 4*mib)
	copy(disk[mib:], make([]byte, mib/2))
	dir := vmDir(t, disk)
	create(t, dir, "a")
	restoreLazily(t, dir, "a")
	f, err := os.OpenFile(dir.Disk, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{0, mib + 4096, 3*mib + 7} {
		if _, err := f.WriteAt(bytes.Repeat([]byte("z"), 10000), at); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := openFiller(t, dir).Fill(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	completeFilled(t, dir)
	if got := readFile(t, dir.Disk); !bytes.Equal(got, disk) {
		t.Error("the filled disk is not that of the snapshot")
	}
}

func TestLazyDiskIsNotRead(t *testing.T) {
	dir := vmDir(t, content(1, 2*mib))
	create(t, dir, "a")
	restoreLazily(t, dir, "a")
	if _, err := OpenDisk(dir.Disk); !errors.Is(err, lazydisk.ErrLazy) {
		t.Errorf("OpenDisk: %v, want ErrLazy", err)
	}
	// Restoring again makes the lazy disk the undo disk, with what it is filled from.
	restore(t, dir, "a")
	if _, err := Open(dir).CreateFromUndo(context.Background(), Request{Name: "b"}, nil); !errors.Is(err, lazydisk.ErrLazy) {
		t.Errorf("CreateFromUndo: %v, want ErrLazy", err)
	}
	if err := Open(dir).SweepLazy(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir).Undo(context.Background(), dir.Disk); err != nil {
		t.Fatal(err)
	}
	if got := openFiller(t, dir).Size(); got != 2*mib {
		t.Errorf("after undo the source has %d bytes, want %d", got, 2*mib)
	}
}

func TestCannotBeLazy(t *testing.T) {
	dir := vmDir(t, content(1, 2*mib))
	writeFile(t, Open(dir).filePath("foreign"), goGzip(t, content(2, mib)))
	create(t, dir, "a")
	before := tree(t, filepath.Dir(dir.Disk))
	_, err := Open(dir).RestoreLazily(context.Background(), "foreign", dir.Disk, false, createEmptyOverlay, nil)
	if !errors.Is(err, ErrCannotBeLazy) {
		t.Errorf("a foreign snapshot: %v, want ErrCannotBeLazy", err)
	}
	failed := errors.New("no overlay")
	_, err = Open(dir).RestoreLazily(context.Background(), "a", dir.Disk, false, func(string, int64) error { return failed }, nil)
	if !errors.Is(err, failed) {
		t.Errorf("an overlay that cannot be created: %v, want %v", err, failed)
	}
	if after := tree(t, filepath.Dir(dir.Disk)); after != before {
		t.Errorf("errors left files:\n%s\nwant\n%s", after, before)
	}
}

func TestDamagedSourceIsNoticed(t *testing.T) {
	dir := vmDir(t, content(1, 3*mib))
	create(t, dir, "a")
	restoreLazily(t, dir, "a")
	source := readFile(t, Open(dir).filePath("a"))
	source[len(source)/2] ^= 1
	f, err := os.OpenFile(Open(dir).filePath("a"), os.O_WRONLY, 0) // another name of the source
	if err == nil {
		_, err = f.WriteAt(source, 0)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if err := openFiller(t, dir).Fill(context.Background(), nil); !errors.Is(err, ErrDamaged) {
		t.Errorf("Fill: %v, want ErrDamaged", err)
	}
	if m, err := lazydisk.Read(dir.Disk); err != nil || m == nil {
		t.Errorf("after the error the disk is not lazy: %v, %v", m, err)
	}
}

// TestLazyDiskStateIncludesOverlay makes sure that what the guest wrote counts as a change,
// even if nothing has been filled in.
func TestLazyDiskStateIncludesOverlay(t *testing.T) {
	dir := vmDir(t, content(1, 2*mib))
	create(t, dir, "a")
	restoreLazily(t, dir, "a")
	before := Open(dir).DiskState()
	m, err := lazydisk.Read(dir.Disk)
	if err != nil || m == nil {
		t.Fatalf("marker: %v, %v", m, err)
	}
	writeFile(t, dir.Filling.Folder(*m).Overlay(), []byte("written"))
	if after := Open(dir).DiskState(); after == before {
		t.Errorf("DiskState is %q before and after the guest wrote", after)
	}
}
