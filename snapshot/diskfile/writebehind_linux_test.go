package diskfile

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vmterminal/snapshot/durable/mounttest"
)

// failingDisk returns a folder on a disk that fails writes after room bytes, until repair
// is called. The disk is a sparse file on a file system that is too small for it.
func failingDisk(t *testing.T, room, size int64) (dir string, repair func()) {
	t.Helper()
	if os.Getuid() != 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("only root can mount file systems: run the tests as root")
		}
		t.Skip("only root can mount file systems")
	}
	below, dir := t.TempDir(), t.TempDir()
	if err := unix.Mount("tmpfs", below, "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(below, unix.MNT_DETACH) })
	image := filepath.Join(below, "image")
	for _, c := range [][]string{
		{"truncate", "-s", "400M", image},
		{"mkfs.ext4", "-q", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0", image},
		{"mount", "-o", "loop", image, dir},
	} {
		if out, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: got %v, want no error\n%s", c, err, out)
		}
	}
	t.Cleanup(func() { mounttest.Unmount(t, dir) })
	var st unix.Stat_t
	if err := unix.Stat(image, &st); err != nil {
		t.Fatal(err)
	}
	limit := func(bytes int64) {
		if err := exec.Command("mount", "-o", "remount,size="+strconv.FormatInt(bytes, 10), below).Run(); err != nil {
			t.Fatal(err)
		}
	}
	limit(st.Blocks*512 + room)
	return dir, func() { limit(size) }
}

func TestFailedWriteIsReported(t *testing.T) {
	for _, drop := range []bool{true, false} {
		dir, repair := failingDisk(t, 4<<20, 1<<30)
		f, err := os.Create(filepath.Join(dir, "new"))
		if err != nil {
			t.Fatal(err)
		}
		w := &WriteBehind{File: f, DropCache: drop}
		content := bytes.Repeat([]byte{1}, 1<<20)
		var writeErr error
		for off := int64(0); off < 8*writebackInterval && writeErr == nil; off += int64(len(content)) {
			if off == 5*writebackInterval { // only early writes fail, and they have failed before the repair
				if err := awaitWriteback(f.Name(), 4*writebackInterval); err == nil {
					t.Errorf("DropCache %v: got no error from the writeback of early writes, want one", drop)
				}
				repair()
			}
			_, writeErr = w.WriteAt(content, off)
		}
		if syncErr := f.Sync(); writeErr == nil && syncErr == nil {
			t.Errorf("DropCache %v: got no error from the writes or the fsync, want one", drop)
		}
		_ = f.Close()
	}
}

// awaitWriteback waits until the started writeback of the first bytes of a file has ended, and
// returns its error. As it opens the file itself, other descriptors still get the error, too.
func awaitWriteback(path string, bytes int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return withFD(f, func(fd int) error {
		return unix.SyncFileRange(fd, 0, bytes, unix.SYNC_FILE_RANGE_WAIT_BEFORE)
	})
}

func TestWriteBehindDropsCache(t *testing.T) {
	dir, _ := failingDisk(t, 300<<20, 1<<30) // not tmpfs, whose files are always in memory
	f, err := os.Create(filepath.Join(dir, "new"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := &WriteBehind{File: f, DropCache: true}
	content := bytes.Repeat([]byte("vmterminal"), 1<<20/10)
	end := int64(0)
	for range 100 {
		if _, err := w.WriteAt(content, end); err != nil {
			t.Fatal(err)
		}
		end += int64(len(content))
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("fincore", "--bytes", "--noheadings", "--output", "RES", f.Name()).CombinedOutput()
	cached, parseErr := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil || parseErr != nil {
		t.Fatalf("fincore: got %v\n%s", err, out)
	}
	if cached > 3*writebackInterval {
		t.Errorf("%d of %d bytes are in the page cache, want at most %d", cached, end, 3*writebackInterval)
	}
	back := make([]byte, len(content))
	for off := int64(0); off < end; off += int64(len(back)) {
		if _, err := f.ReadAt(back, off); err != nil || !bytes.Equal(back, content) {
			t.Fatalf("reading at %d: got other bytes or error %v", off, err)
		}
	}
}
