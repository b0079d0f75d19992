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
)

// failing is a folder on a disk that refuses writes until mend is called: a file
// system in a sparse file, for which there is no room.
func failing(t *testing.T, room, size int64) (dir string, mend func()) {
	t.Helper()
	if os.Getuid() != 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("only root may mount: run the tests as root")
		}
		t.Skip("only root may mount")
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
			t.Fatalf("%v: %v\n%s", c, err, out)
		}
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v\n%s", err, out)
		}
	})
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

func TestNoFailedWriteIsForgotten(t *testing.T) {
	for _, forgets := range []bool{true, false} {
		dir, mend := failing(t, 4<<20, 1<<30)
		f, err := os.Create(filepath.Join(dir, "new"))
		if err != nil {
			t.Fatal(err)
		}
		w := &WriteBehind{File: f, Forget: forgets}
		content := bytes.Repeat([]byte{1}, 1<<20)
		var wrote error
		for off := int64(0); off < 8*writeBehind && wrote == nil; off += int64(len(content)) {
			if off == 5*writeBehind {
				mend() // only what was written early is lost
			}
			_, wrote = w.WriteAt(content, off)
		}
		if synced := f.Sync(); wrote == nil && synced == nil {
			t.Errorf("forgetting %v: neither a write nor the fsync tells that the disk refused writes", forgets)
		}
		_ = f.Close()
	}
}

func TestWriteBehindForgets(t *testing.T) {
	dir, _ := failing(t, 300<<20, 1<<30) // a true disk: memory cannot forget a file in it
	f, err := os.Create(filepath.Join(dir, "new"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := &WriteBehind{File: f, Forget: true}
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
	held, parsed := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil || parsed != nil {
		t.Fatalf("fincore: %v\n%s", err, out)
	}
	if held > 3*writeBehind {
		t.Errorf("%d bytes of %d are still in memory", held, end)
	}
	back := make([]byte, len(content))
	for off := int64(0); off < end; off += int64(len(back)) {
		if _, err := f.ReadAt(back, off); err != nil || !bytes.Equal(back, content) {
			t.Fatalf("at %d: %v", off, err)
		}
	}
}
