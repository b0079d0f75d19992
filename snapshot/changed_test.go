package snapshot

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"vmterminal/snapshot/diskfile"
)

// writeUnseen changes a disk and restores its modification time.
func writeUnseen(t *testing.T, path string) {
	t.Helper()
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for { // until the clock of the file system has moved on
		if _, err := f.WriteAt([]byte("x"), 7); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, before.ModTime()); err != nil {
			t.Fatal(err)
		}
		if now, err := f.Stat(); err != nil || !diskfile.ChangeTime(now).Equal(diskfile.ChangeTime(before)) {
			return
		}
	}
}

// TestDiskThatChanges writes to a stopped VM's disk, as another program might, while a
// snapshot of it is taken and while it is copied.
func TestDiskThatChanges(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, disk string){
		"nothing": nil,
		"bytes": func(t *testing.T, disk string) {
			t.Helper()
			f, err := os.OpenFile(disk, os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteAt([]byte("x"), 7)
			}
			if err := errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
		},
		"bytes, with the time set back": writeUnseen,
		"size": func(t *testing.T, disk string) {
			t.Helper()
			if err := os.Truncate(disk, 5*mib); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := vmDir(t, content(1, 4*mib))
			long := time.Now().Add(-time.Hour)
			if err := os.Chtimes(dir.Disk, long, long); err != nil {
				t.Fatal(err)
			}
			during := func(phase string) Progress {
				return &watcher{onPhase: func(now string) {
					if now == phase && change != nil {
						change(t, dir.Disk)
					}
				}}
			}
			var want error
			if change != nil {
				want = ErrDiskChanged
			}
			_, err := Open(dir).Create(context.Background(), openDisk(t, dir), Request{Name: "a"}, during(PhaseCompress))
			if !errors.Is(err, want) {
				t.Errorf("create: got error %v, want %v", err, want)
			}
			if left := tree(t, dir.Snapshots); want != nil && left != "" {
				t.Errorf("got leftover files %s, want none", left)
			}
			to := testPaths(t.TempDir()).Disk
			if err := CopyDisk(context.Background(), openDisk(t, dir), to, during(PhaseCopy)); !errors.Is(err, want) {
				t.Errorf("copy: got error %v, want %v", err, want)
			}
			if _, err := os.Stat(filepath.Clean(to)); (want != nil) != errors.Is(err, fs.ErrNotExist) {
				t.Errorf("target of the copy: Stat returns %v", err)
			}
		})
	}
}
