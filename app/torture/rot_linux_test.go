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

	"vmterminal/app/ondisk"
	"vmterminal/app/torture/usecase"
	"vmterminal/snapshot"
)

// A patient is a VM's folder with one snapshot, whose file rots.
type patient struct {
	dir         ondisk.VMDir
	store       *snapshot.Store
	file, index string // their paths
	whole, idx  []byte // what is in them when nothing has happened
	was         []byte // the disk that is in the snapshot
	now         []byte // the disk that there is
	disk        os.FileInfo
	righted     int  // restores that gave the right disk all the same
	sumsHold    bool // its checksums were made to hold: only unpacking can tell
}

// rotten is the name of the patient's snapshot.
const rotten = "rotten"

// newPatient takes a snapshot of a disk that has a bit of everything. The disk
// that there is now has none of its chunks.
func newPatient(t *testing.T) *patient {
	t.Helper()
	return newPatientIn(t, lab(t))
}

func newPatientIn(t *testing.T, dir string) *patient {
	t.Helper()
	p := &patient{dir: ondisk.VMDir(dir)}
	p.store = snapshot.Open(p.dir)
	p.file = ondisk.SnapshotFile(p.dir.Snapshots(), rotten)
	p.index = ondisk.IndexFile(p.dir.Snapshots(), rotten)
	// A chunk of data, one of zeros, and a last one that is short.
	p.was = make([]byte, 2<<20+700)
	copy(p.was, usecase.Start(rotten)[:1<<20])
	copy(p.was[2<<20:], "the end")
	if err := ondisk.MakeDir(p.dir.Snapshots()); err != nil {
		t.Fatal(err)
	}
	p.put(t, p.dir.Disk(), p.was)
	disk, err := snapshot.OpenDisk(p.dir.Disk())
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	if _, err := p.store.Create(context.Background(), disk, snapshot.Request{Name: rotten, Description: "as taken"}, nil); err != nil {
		t.Fatal(err)
	}
	p.whole, p.idx = read(t, p.file), read(t, p.index)
	p.has(t, usecase.Start("another"))
	return p
}

// moveTo has the patient be the snapshot of that name in a store.
func (p *patient) moveTo(t *testing.T, home string) {
	t.Helper()
	p.dir = ondisk.Home(home).VM(usecase.VM)
	p.store = snapshot.Open(p.dir)
	p.file, p.index = ondisk.SnapshotFile(p.dir.Snapshots(), rotten), ondisk.IndexFile(p.dir.Snapshots(), rotten)
	p.whole, p.idx, p.now = read(t, p.file), read(t, p.index), read(t, p.dir.Disk())
	var err error
	if p.disk, err = os.Stat(p.dir.Disk()); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// put has a file hold b, whatever was there before.
func (p *patient) put(t *testing.T, path string, b []byte) {
	t.Helper()
	err := os.RemoveAll(path)
	if err == nil && b != nil {
		err = os.WriteFile(path, b, ondisk.FileMode)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// has makes the disk that there is.
func (p *patient) has(t *testing.T, disk []byte) {
	t.Helper()
	p.now = disk
	p.put(t, p.dir.Disk(), disk)
	p.put(t, p.dir.Undo(), nil)
	var err error
	if p.disk, err = os.Stat(p.dir.Disk()); err != nil {
		t.Fatal(err)
	}
}

// indexes are the states that the index is in, each in its turn.
func (p *patient) indexes() map[string][]byte {
	if p.idx == nil {
		return map[string][]byte{"as foreign": nil}
	}
	return map[string][]byte{"with its index": p.idx, "without an index": nil}
}

// suffers has the snapshot verified and restored. It must be found damaged; and
// no disk but the right one comes of it. right says that a restore may notice
// nothing, since what it reads is as it was.
func (p *patient) suffers(t *testing.T, what string, right bool) {
	t.Helper()
	p.restores(t, what, right)
	p.verifies(t, what)
}

func (p *patient) restores(t *testing.T, what string, right bool) {
	t.Helper()
	for how, index := range p.indexes() {
		p.put(t, p.index, index)
		before := p.names(t)
		err := p.restore(t)
		if err == nil && !right || err != nil && !errors.Is(err, snapshot.ErrDamaged) {
			t.Errorf("%s, restored %s: %v", what, how, err)
		}
		if after := p.names(t); err != nil && !slices.Equal(before, after) {
			t.Errorf("%s, restored %s: left are %q", what, how, after)
		}
	}
}

func (p *patient) verifies(t *testing.T, what string) {
	t.Helper()
	for how, index := range p.indexes() {
		p.put(t, p.index, index)
		for _, quick := range []bool{true, false} {
			if quick && p.sumsHold {
				continue
			}
			if _, err := p.store.Verify(context.Background(), rotten, quick, nil); !errors.Is(err, snapshot.ErrDamaged) {
				t.Errorf("%s, verified %s, quick %v: %v", what, how, quick, err)
			}
		}
	}
}

// restore restores the snapshot, and says so if that gives the disk that was in
// it; the disk before comes back. After an error the disk is as it was.
func (p *patient) restore(t *testing.T) error {
	t.Helper()
	_, err := p.store.Restore(context.Background(), rotten, p.dir.Disk(), nil)
	if err == nil {
		if !bytes.Equal(read(t, p.dir.Disk()), p.was) {
			t.Error("another disk is restored")
		}
		p.righted++
		p.has(t, p.now)
		return nil
	}
	p.untouched(t)
	return err
}

// untouched looks whether the disk is the same file, which nobody has written to.
// Its content is looked at in the end, once.
func (p *patient) untouched(t *testing.T) {
	t.Helper()
	st, err := os.Stat(p.dir.Disk())
	if err != nil || !os.SameFile(st, p.disk) || !st.ModTime().Equal(p.disk.ModTime()) || st.Size() != p.disk.Size() {
		t.Errorf("the disk was touched (%v)", err)
	}
}

// ends looks whether the disk is as it was, and the snapshot, once it is whole
// again, as good as ever.
func (p *patient) ends(t *testing.T) {
	t.Helper()
	if !bytes.Equal(read(t, p.dir.Disk()), p.now) {
		t.Error("the disk has changed")
	}
	p.put(t, p.file, p.whole)
	for how, index := range p.indexes() {
		p.put(t, p.index, index)
		if err := p.restore(t); err != nil {
			t.Errorf("whole again, restored %s: %v", how, err)
		}
		p.put(t, p.index, index)
		if _, err := p.store.Verify(context.Background(), rotten, false, nil); err != nil {
			t.Errorf("whole again, verified %s: %v", how, err)
		}
	}
}

// names lists all that is in the VM's folder, but for the rows.
func (p *patient) names(t *testing.T) []string {
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

// flip changes one byte of the file on the disk, which the body then sees.
func (p *patient) flip(t *testing.T, at int, value byte, body func(what string)) {
	t.Helper()
	f, err := os.OpenFile(p.file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{value}, int64(at)); err != nil {
		t.Fatal(err)
	}
	body(fmt.Sprintf("byte %d is %#02x and was %#02x", at, value, p.whole[at]))
	if _, err := f.WriteAt(p.whole[at:at+1], int64(at)); err != nil {
		t.Fatal(err)
	}
}

// command runs a command of the program to its end.
func command(t *testing.T, home string, words ...string) ending {
	t.Helper()
	cmd := exec.Command(commandProgram, commandLine(home, words)...)
	cmd.Env = []string{ondisk.EnvHome + "=" + home, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=" + home, "TZ=UTC"}
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return endingOf(cmd.ProcessState.Sys().(syscall.WaitStatus), out.String(), errs.String())
}
