package torture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"vmterminal/app"
	"vmterminal/app/torture/usecase"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// A corruptStore is a VM's folder with one snapshot whose file is corrupted.
type corruptStore struct {
	dir             home.VMDir
	store           *snapshot.Store
	file, index     string // paths of the snapshot's file and index
	whole, idx      []byte // the intact contents of file and index
	snapshotDisk    []byte // the disk in the snapshot
	currentDisk     []byte // the current disk
	disk            os.FileInfo
	correctRestores int  // restores that gave the right disk despite the damage
	validChecksums  bool // checksums were recalculated; only decompression detects the damage
}

// corruptName is the name of the snapshot to corrupt.
const corruptName = "corrupt"

// newCorruptStore takes a snapshot of a disk with data, zeros and a short last chunk. The
// current disk has none of the snapshot's chunks.
func newCorruptStore(t *testing.T) *corruptStore {
	t.Helper()
	return newCorruptStoreIn(t, tortureDir(t))
}

func newCorruptStoreIn(t *testing.T, dir string) *corruptStore {
	t.Helper()
	p := &corruptStore{dir: home.VMDir(dir)}
	p.store = snapshot.Open(app.SnapshotPaths(p.dir))
	p.file = snapshot.File(p.dir.Snapshots(), corruptName)
	p.index = snapshot.IndexFile(p.dir.Snapshots(), corruptName)
	// A chunk of data, one of zeros, and a short last one.
	p.snapshotDisk = make([]byte, 2<<20+1024)
	copy(p.snapshotDisk, usecase.DiskContent(corruptName)[:1<<20])
	copy(p.snapshotDisk[2<<20:], "the end")
	if err := durable.MakeDir(p.dir.Snapshots()); err != nil {
		t.Fatal(err)
	}
	p.writeFile(t, p.dir.Disk(), p.snapshotDisk)
	disk, err := snapshot.OpenDisk(p.dir.Disk())
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	if _, err := p.store.Create(context.Background(), disk, snapshot.Request{Name: corruptName, Description: "as taken"}, nil); err != nil {
		t.Fatal(err)
	}
	p.whole, p.idx = readFile(t, p.file), readFile(t, p.index)
	p.setDisk(t, usecase.DiskContent("another"))
	return p
}

// useStore makes p use the snapshot corruptName in the store at root.
func (p *corruptStore) useStore(t *testing.T, root string) {
	t.Helper()
	p.dir = home.Dir(root).VM(usecase.VM)
	p.store = snapshot.Open(app.SnapshotPaths(p.dir))
	p.file, p.index = snapshot.File(p.dir.Snapshots(), corruptName), snapshot.IndexFile(p.dir.Snapshots(), corruptName)
	p.whole, p.idx, p.currentDisk = readFile(t, p.file), readFile(t, p.index), readFile(t, p.dir.Disk())
	var err error
	if p.disk, err = os.Stat(p.dir.Disk()); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// writeFile replaces the contents of a file.
func (p *corruptStore) writeFile(t *testing.T, path string, b []byte) {
	t.Helper()
	err := os.RemoveAll(path)
	if err == nil && b != nil {
		err = os.WriteFile(path, b, durable.FileMode)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// setDisk writes the current disk.
func (p *corruptStore) setDisk(t *testing.T, disk []byte) {
	t.Helper()
	p.currentDisk = disk
	p.writeFile(t, p.dir.Disk(), disk)
	p.writeFile(t, p.dir.Undo(), nil)
	var err error
	if p.disk, err = os.Stat(p.dir.Disk()); err != nil {
		t.Fatal(err)
	}
}

// indexStates returns the states of the index to try.
func (p *corruptStore) indexStates() map[string][]byte {
	if p.idx == nil {
		return map[string][]byte{"as foreign": nil}
	}
	return map[string][]byte{"with its index": p.idx, "without an index": nil}
}

// checkDamaged verifies and restores the snapshot. It must be reported as damaged. If right is
// set, a restore may succeed, because it may not read the damage, but must give the right disk.
func (p *corruptStore) checkDamaged(t *testing.T, what string, right bool) {
	t.Helper()
	p.checkRestore(t, what, right)
	p.checkVerify(t, what)
}

func (p *corruptStore) checkRestore(t *testing.T, what string, right bool) {
	t.Helper()
	for how, index := range p.indexStates() {
		p.writeFile(t, p.index, index)
		before := p.listFiles(t)
		err := p.restore(t)
		if err == nil && !right || err != nil && !errors.Is(err, snapshot.ErrDamaged) {
			t.Errorf("%s, restored %s: got error %v, want ErrDamaged", what, how, err)
		}
		if after := p.listFiles(t); err != nil && !slices.Equal(before, after) {
			t.Errorf("%s, restored %s: got files %q, want %q", what, how, after, before)
		}
	}
}

func (p *corruptStore) checkVerify(t *testing.T, what string) {
	t.Helper()
	for how, index := range p.indexStates() {
		p.writeFile(t, p.index, index)
		for _, quick := range []bool{true, false} {
			if quick && p.validChecksums {
				continue
			}
			if _, err := p.store.Verify(context.Background(), corruptName, quick, nil); !errors.Is(err, snapshot.ErrDamaged) {
				t.Errorf("%s, verified %s, quick %v: got %v, want ErrDamaged", what, how, quick, err)
			}
		}
	}
}

// restore restores the snapshot, checks that this gives the right disk, and writes the previous
// disk again. If the restore fails, it checks that the disk is unchanged, and returns the
// error.
func (p *corruptStore) restore(t *testing.T) error {
	t.Helper()
	_, err := p.store.Restore(context.Background(), corruptName, p.dir.Disk(), nil)
	if err == nil {
		if !bytes.Equal(readFile(t, p.dir.Disk()), p.snapshotDisk) {
			t.Error("the restored disk differs from the snapshot")
		}
		p.correctRestores++
		p.setDisk(t, p.currentDisk)
		return nil
	}
	p.checkDiskUntouched(t)
	return err
}

// checkDiskUntouched checks that the disk is the same unmodified file. checkIntact checks its
// contents.
func (p *corruptStore) checkDiskUntouched(t *testing.T) {
	t.Helper()
	st, err := os.Stat(p.dir.Disk())
	if err != nil || !os.SameFile(st, p.disk) || !st.ModTime().Equal(p.disk.ModTime()) || st.Size() != p.disk.Size() {
		t.Errorf("the disk was modified or replaced (%v)", err)
	}
}

// checkIntact checks that the disk is unchanged, and the snapshot intact after its repair.
func (p *corruptStore) checkIntact(t *testing.T) {
	t.Helper()
	if !bytes.Equal(readFile(t, p.dir.Disk()), p.currentDisk) {
		t.Error("the disk has changed")
	}
	p.writeFile(t, p.file, p.whole)
	for how, index := range p.indexStates() {
		p.writeFile(t, p.index, index)
		if err := p.restore(t); err != nil {
			t.Errorf("after the repair, restored %s: got %v, want no error", how, err)
		}
		p.writeFile(t, p.index, index)
		if _, err := p.store.Verify(context.Background(), corruptName, false, nil); err != nil {
			t.Errorf("after the repair, verified %s: got %v, want no error", how, err)
		}
	}
}

// listFiles lists everything in the VM's folder except the rows.
func (p *corruptStore) listFiles(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"*", ".*", "*/*", "*/.*"} {
		found, err := filepath.Glob(filepath.Join(string(p.dir), pattern))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	return slices.DeleteFunc(names, func(path string) bool { return path == p.dir.Rows() || path == p.dir.RowsLock() })
}

// withChangedByte changes one byte of the snapshot's file, calls body, and changes the byte back.
func (p *corruptStore) withChangedByte(t *testing.T, at int, value byte, body func(what string)) {
	t.Helper()
	f, err := os.OpenFile(p.file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{value}, int64(at)); err != nil {
		t.Fatal(err)
	}
	body(fmt.Sprintf("byte %d changed to %#02x from %#02x", at, value, p.whole[at]))
	if _, err := f.WriteAt(p.whole[at:at+1], int64(at)); err != nil {
		t.Fatal(err)
	}
}

// runProgram runs a command of the program.
func runProgram(t *testing.T, root string, words ...string) commandResult {
	t.Helper()
	cmd := exec.Command(commandProgram, commandLine(root, words)...)
	cmd.Env = []string{home.EnvVar + "=" + root, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=" + root, "TZ=UTC"}
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return newCommandResult(cmd.ProcessState.Sys().(syscall.WaitStatus), out.String(), errs.String())
}
