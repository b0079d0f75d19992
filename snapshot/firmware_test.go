package snapshot

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"vmterminal/snapshot/diskfile"
)

// firmwareContent returns firmware variables that are as large as OVMF's.
func firmwareContent(seed byte) []byte {
	b := bytes.Repeat([]byte{0xff}, 540672)
	for i := range 1000 {
		b[100+i] = seed + byte(i)
	}
	return b
}

// vmWithFirmware returns the paths of a VM with a disk and firmware variables generated from
// seed.
func vmWithFirmware(t *testing.T, seed byte) Paths {
	t.Helper()
	dir := vmDir(t, content(seed, 3*mib))
	writeFile(t, dir.Firmware, firmwareContent(seed))
	return dir
}

// checkDisk checks that the disk and its firmware variables were generated from seed, and
// the undo disk and its variables from undoSeed. If undoSeed is 0, there must be no
// variables for undo.
func checkDisk(t *testing.T, what string, dir Paths, seed, undoSeed byte) {
	t.Helper()
	if !bytes.Equal(readFile(t, dir.Disk), content(seed, 3*mib)) || !bytes.Equal(readFile(t, dir.Firmware), firmwareContent(seed)) {
		t.Errorf("%s: got a different disk or different firmware variables, want those of seed %d", what, seed)
	}
	if undoSeed == 0 {
		if st, err := os.Lstat(dir.FirmwareUndo); err == nil && st.Size() > 0 {
			t.Errorf("%s: got firmware variables for undo, want none", what)
		}
	} else if !bytes.Equal(readFile(t, dir.Undo), content(undoSeed, 3*mib)) || !bytes.Equal(readFile(t, dir.FirmwareUndo), firmwareContent(undoSeed)) {
		t.Errorf("%s: got a different undo disk or different firmware variables for undo, want those of seed %d", what, undoSeed)
	}
	if left := tree(t, filepath.Dir(dir.Disk)); strings.Contains(left, "efivars.next") {
		t.Errorf("%s: got files %s, want no efivars.next-*", what, left)
	}
}

func TestFirmwareFollowsDisk(t *testing.T) {
	ctx := context.Background()
	dir := vmWithFirmware(t, 1)
	store := Open(dir)
	create(t, dir, "one")
	writeFile(t, dir.Disk, content(2, 3*mib))
	writeFile(t, dir.Firmware, firmwareContent(2))
	create(t, dir, "two")
	restore(t, dir, "one")
	checkDisk(t, "restored", dir, 1, 2)
	for _, now := range []byte{2, 1, 2} {
		if _, err := store.Undo(ctx, dir.Disk); err != nil {
			t.Fatal(err)
		}
		checkDisk(t, "undone", dir, now, 3-now)
	}
	// The file alone suffices, under any name, in any folder.
	other := vmDir(t, content(9, mib))
	writeFile(t, File(other.Snapshots, "came"), readFile(t, File(dir.Snapshots, "one")))
	restore(t, other, "came")
	checkDisk(t, "restored from another folder's file", other, 1, 0)
	if err := store.Rename(ctx, "one", "first"); err != nil {
		t.Fatal(err)
	}
	copied := vmDir(t, nil)
	if err := store.ExtractFirmware(ctx, "first", copied.Firmware); err != nil || !bytes.Equal(readFile(t, copied.Firmware), firmwareContent(1)) {
		t.Errorf("ExtractFirmware after a rename: got different variables, or error %v", err)
	}
	if _, err := store.DiscardUndo(ctx); err != nil {
		t.Fatal(err)
	}
	checkDisk(t, "discarded", dir, 2, 0)
}

// TestWithoutFirmware restores a snapshot without firmware variables. This must not create
// or change variables.
func TestWithoutFirmware(t *testing.T) {
	dir := vmDir(t, content(1, mib))
	create(t, dir, "one")
	restore(t, dir, "one")
	if left := tree(t, filepath.Dir(dir.Disk)); strings.Contains(left, "efivars") {
		t.Errorf("got the files %s, want no efivars", left)
	}
	writeFile(t, dir.Firmware, firmwareContent(7))
	restore(t, dir, "one")
	if !bytes.Equal(readFile(t, dir.Firmware), firmwareContent(7)) {
		t.Error("got different variables, want them unchanged")
	}
}

func TestFirmwareTooLarge(t *testing.T) {
	dir := vmDir(t, content(1, mib))
	noise := make([]byte, 3*maxPackedFirmware)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	writeFile(t, dir.Firmware, noise)
	made := createDetailed(t, dir, "one")
	if len(made.Notes) != 1 || !strings.Contains(made.Notes[0], "UEFI") {
		t.Errorf("got notes %q, want 1 about UEFI", made.Notes)
	}
	writeFile(t, dir.Firmware, noise[:maxPackedFirmware-100])
	disk := openDisk(t, dir)
	req := Request{Name: "full", Description: strings.Repeat("x", MaxDescription), VM: strings.Repeat("v", 100)}
	if made, err := Open(dir).Create(context.Background(), disk, req, nil); err != nil || len(made.Notes) != 0 {
		t.Errorf("longest description: got error %v, notes %q; want no notes", err, made.Notes)
	}
}

// TestFirmwareAfterCrash crashes at each step of a swap. Afterward, the disk and its variables
// must both be old or both be new.
func TestFirmwareAfterCrash(t *testing.T) {
	swap := func(dir Paths) error { // as in a restore, with both disks in one folder
		next := filepath.Dir(dir.Disk) + "/next"
		return errors.Join(os.Rename(dir.Disk, dir.Undo), os.Rename(next, dir.Disk))
	}
	for at, crashed := 0, true; crashed; at++ {
		crashed = false
		dir := vmWithFirmware(t, 1)
		writeFile(t, filepath.Dir(dir.Disk)+"/next", content(2, 3*mib))
		f, err := os.Open(filepath.Dir(dir.Disk) + "/next")
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
			func() error { return store.paths.prepareFirmware(firmwareContent(2), inode) },
			func() error { return swap(dir) },
			func() error { return os.Rename(dir.Firmware, dir.FirmwareUndo) },
			func() error { return os.Rename(dir.FirmwareNextPrefix+strconv.FormatUint(inode, 10), dir.Firmware) },
		} {
			if n == at {
				crashed = true
				break
			}
			if err = step(); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 { // settling again must change nothing
			if err := store.SettleFirmware(); err != nil {
				t.Fatal(err)
			}
			if at < 2 {
				checkDisk(t, "before the swap", dir, 1, 0)
			} else {
				checkDisk(t, "after the swap", dir, 2, 1)
			}
		}
	}
}

// TestRestoreWithoutOldFirmware checks that a restore leaves no variables for undo if the old
// disk had none.
func TestRestoreWithoutOldFirmware(t *testing.T) {
	dir := vmWithFirmware(t, 1)
	create(t, dir, "one")
	writeFile(t, dir.FirmwareUndo, firmwareContent(5)) // from an earlier undo disk
	if err := os.Remove(dir.Firmware); err != nil {
		t.Fatal(err)
	}
	restore(t, dir, "one")
	if got := readFile(t, dir.FirmwareUndo); len(got) != 0 {
		t.Errorf("got %d bytes of variables for undo, want 0", len(got))
	}
}

// TestRestoreKeepingUndo checks that RestoreKeepingUndo keeps the undo disk and its firmware
// variables, but not the old disk.
func TestRestoreKeepingUndo(t *testing.T) {
	ctx := context.Background()
	dir := vmWithFirmware(t, 1)
	store := Open(dir)
	create(t, dir, "one")
	writeFile(t, dir.Disk, content(2, 3*mib))
	writeFile(t, dir.Firmware, firmwareContent(2))
	create(t, dir, "two")
	writeFile(t, dir.Disk, content(3, 3*mib))
	writeFile(t, dir.Firmware, firmwareContent(3))
	restore(t, dir, "one")
	if r, err := store.RestoreKeepingUndo(ctx, "two", dir.Disk, nil); err != nil || r.Undo != dir.Undo {
		t.Fatalf("RestoreKeepingUndo: got %+v %v, want Undo %v", r, err, dir.Undo)
	}
	checkDisk(t, "restored, keeping the undo disk", dir, 2, 3)
	made, err := store.CreateFromUndo(ctx, Request{Name: "three"}, nil)
	if err != nil || made.Taken != TakenStopped {
		t.Fatal(made.Info, err)
	}
	restore(t, dir, "three")
	checkDisk(t, "restored the undo disk", dir, 3, 2)
}

// TestRestoreKeepingUndoAfterCrash simulates a crash before and after the disk is replaced. The
// undo disk and its firmware variables must be kept.
func TestRestoreKeepingUndoAfterCrash(t *testing.T) {
	for _, placed := range []bool{false, true} {
		dir := vmWithFirmware(t, 4)
		writeFile(t, dir.Undo, content(3, 3*mib))
		writeFile(t, dir.FirmwareUndo, firmwareContent(3))
		next := filepath.Dir(dir.Disk) + "/next"
		writeFile(t, next, content(2, 3*mib))
		st, err := os.Stat(next)
		if err != nil {
			t.Fatal(err)
		}
		store := Open(dir)
		if err := store.paths.prepareFirmwareKeepingUndo(firmwareContent(2), diskfile.Inode(st)); err != nil {
			t.Fatal(err)
		}
		now := byte(4)
		if placed {
			now = 2
			if err := os.Rename(next, dir.Disk); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if err := store.SettleFirmware(); err != nil {
				t.Fatal(err)
			}
			checkDisk(t, "settled", dir, now, 3)
		}
	}
}
