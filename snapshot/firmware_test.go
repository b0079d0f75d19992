package snapshot

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"vmterminal/app/ondisk"
)

// memory is what a firmware remembers, as large as OVMF's.
func memory(seed byte) []byte {
	b := bytes.Repeat([]byte{0xff}, 540672)
	for i := range 1000 {
		b[100+i] = seed + byte(i)
	}
	return b
}

// machineWith is a VM's folder with a disk and a firmware's memory of that number.
func machineWith(t *testing.T, seed byte) ondisk.VMDir {
	t.Helper()
	dir := vmDir(t, content(seed, 3*mib))
	writeFile(t, dir.Firmware(), memory(seed))
	return dir
}

// isNow tells whether disk and memory are of that number, and what is kept for undo
// of another, 0 for none.
func isNow(t *testing.T, what string, dir ondisk.VMDir, seed, kept byte) {
	t.Helper()
	if !bytes.Equal(readFile(t, dir.Disk()), content(seed, 3*mib)) || !bytes.Equal(readFile(t, dir.Firmware()), memory(seed)) {
		t.Errorf("%s: disk and firmware are not of %d both", what, seed)
	}
	if kept == 0 {
		if st, err := os.Lstat(dir.FirmwareUndo()); err == nil && st.Size() > 0 {
			t.Errorf("%s: the firmware's undo is there", what)
		}
	} else if !bytes.Equal(readFile(t, dir.Undo()), content(kept, 3*mib)) || !bytes.Equal(readFile(t, dir.FirmwareUndo()), memory(kept)) {
		t.Errorf("%s: disk and firmware that are kept are not of %d both", what, kept)
	}
	if left := tree(t, string(dir)); strings.Contains(left, "efivars.next") {
		t.Errorf("%s: left are %s", what, left)
	}
}

func TestFirmwareGoesWithTheDisk(t *testing.T) {
	ctx := context.Background()
	dir := machineWith(t, 1)
	store := Open(dir)
	create(t, dir, "one")
	writeFile(t, dir.Disk(), content(2, 3*mib))
	writeFile(t, dir.Firmware(), memory(2))
	create(t, dir, "two")
	restore(t, dir, "one")
	isNow(t, "restored", dir, 1, 2)
	for _, now := range []byte{2, 1, 2} {
		if _, err := store.Undo(ctx, dir.Disk()); err != nil {
			t.Fatal(err)
		}
		isNow(t, "undone", dir, now, 3-now)
	}
	// The file alone is enough, under any name, in any folder.
	other := vmDir(t, content(9, mib))
	writeFile(t, ondisk.SnapshotFile(other.Snapshots(), "came"), readFile(t, ondisk.SnapshotFile(dir.Snapshots(), "one")))
	restore(t, other, "came")
	isNow(t, "of another folder", other, 1, 0)
	if err := store.Rename(ctx, "one", "first"); err != nil {
		t.Fatal(err)
	}
	copied := vmDir(t, nil)
	if err := store.ExtractFirmware(ctx, "first", copied.Firmware()); err != nil || !bytes.Equal(readFile(t, copied.Firmware()), memory(1)) {
		t.Errorf("extracted after a rename: %v", err)
	}
	if _, err := store.DiscardUndo(ctx); err != nil {
		t.Fatal(err)
	}
	isNow(t, "discarded", dir, 2, 0)
}

// What has no firmware's memory has none after either, and a snapshot without one
// leaves it alone.
func TestWithoutFirmware(t *testing.T) {
	dir := vmDir(t, content(1, mib))
	create(t, dir, "one")
	restore(t, dir, "one")
	if left := tree(t, string(dir)); strings.Contains(left, "efivars") {
		t.Errorf("left are %s", left)
	}
	writeFile(t, dir.Firmware(), memory(7))
	restore(t, dir, "one")
	if !bytes.Equal(readFile(t, dir.Firmware()), memory(7)) {
		t.Error("it is gone")
	}
}

func TestFirmwareThatIsTooMuch(t *testing.T) {
	dir := vmDir(t, content(1, mib))
	noise := make([]byte, 3*maxPacked)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	writeFile(t, dir.Firmware(), noise)
	made := createdNow(t, dir, "one")
	if len(made.Notes) != 1 || !strings.Contains(made.Notes[0], "UEFI") {
		t.Errorf("notes: %q", made.Notes)
	}
	writeFile(t, dir.Firmware(), noise[:maxPacked-100])
	disk := openDisk(t, dir)
	req := Request{Name: "full", Description: strings.Repeat("x", MaxDescription), VM: strings.Repeat("v", 100)}
	if made, err := Open(dir).Create(context.Background(), disk, req, nil); err != nil || len(made.Notes) != 0 {
		t.Errorf("with the longest description: %v %q", err, made.Notes)
	}
}

// A crash at each step of a swap: disk and memory are both as before, or both as
// asked, once someone has looked.
func TestFirmwareAfterACrash(t *testing.T) {
	swap := func(dir ondisk.VMDir) error { // as a restore does it, of two disks in one folder
		next := string(dir) + "/next"
		return errors.Join(os.Rename(dir.Disk(), dir.Undo()), os.Rename(next, dir.Disk()))
	}
	for at, crashed := 0, true; crashed; at++ {
		crashed = false
		dir := machineWith(t, 1)
		writeFile(t, string(dir)+"/next", content(2, 3*mib))
		f, err := os.Open(string(dir) + "/next")
		if err != nil {
			t.Fatal(err)
		}
		inode, err := inodeOf(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		store := Open(dir)
		for n, step := range []func() error{
			func() error { return store.prepareFirmware(memory(2), inode) },
			func() error { return swap(dir) },
			func() error { return os.Rename(dir.Firmware(), dir.FirmwareUndo()) },
			func() error { return os.Rename(dir.FirmwareNext(inode), dir.Firmware()) },
		} {
			if n == at {
				crashed = true
				break
			}
			if err = step(); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 { // to settle what is settled changes nothing
			if err := store.SettleFirmware(); err != nil {
				t.Fatal(err)
			}
			if at < 2 {
				isNow(t, "before the swap", dir, 1, 0)
			} else {
				isNow(t, "after the swap", dir, 2, 1)
			}
		}
	}
}

// A memory that came after the one that was kept for undo is not mixed up with it.
func TestFirmwareWithoutOneBefore(t *testing.T) {
	dir := machineWith(t, 1)
	create(t, dir, "one")
	writeFile(t, dir.FirmwareUndo(), memory(5)) // of long ago
	if err := os.Remove(dir.Firmware()); err != nil {
		t.Fatal(err)
	}
	restore(t, dir, "one")
	if got := readFile(t, dir.FirmwareUndo()); len(got) != 0 {
		t.Errorf("kept for undo are %d bytes of something else", len(got))
	}
}
