package snapshot

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/mounttest"
)

// sharedBytes returns how many bytes of a file are shared, according to filefrag.
func sharedBytes(t *testing.T, path string) (shared int64) {
	t.Helper()
	out, err := exec.Command("filefrag", "-v", "-b1024", path).CombinedOutput()
	if err != nil {
		t.Fatalf("filefrag: got %v, want no error\n%s", err, out)
	}
	for _, line := range strings.Split(string(out), "\n") {
		fields := strings.Split(line, ":")
		if len(fields) < 5 || !strings.Contains(line, "shared") {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(fields[3]), 10, 64)
		if err != nil {
			t.Fatalf("%q: got error %v, want no error", line, err)
		}
		shared += n << 10
	}
	return shared
}

// used returns how many bytes are used on the file system of a folder, according to df.
func used(t *testing.T, dir string) int64 {
	t.Helper()
	if out, err := exec.Command("sync", "-f", dir).CombinedOutput(); err != nil {
		t.Fatalf("sync: got %v, want no error\n%s", err, out)
	}
	out, err := exec.Command("df", "-B1", "--output=used", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("df: got %v, want no error\n%s", err, out)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(string(out)), "Used")), 10, 64)
	if err != nil {
		t.Fatalf("df: %q: got error %v, want no error", out, err)
	}
	return n
}

// TestBlocksAreShared takes a second snapshot and restores the first, on file systems that
// can share blocks. Unchanged chunks must not take space.
func TestBlocksAreShared(t *testing.T) {
	for kind, megabytes := range map[string]int{"btrfs": 128, "xfs": 320} {
		t.Run(kind, func(t *testing.T) {
			dir := testPaths(mounttest.Dir(t, kind, megabytes))
			if err := durable.MakeDir(dir.Snapshots); err != nil {
				t.Fatal(err)
			}
			store := Open(dir)
			before, after := grown()
			before, after = append(before, content(9, 8*mib)...), append(after, content(9, 8*mib)...)
			for at := 6 * mib; at+mib <= len(before); at += mib { // noise that does not compress
				copy(before[at:at+mib], content(byte(at>>20), mib))
			}
			copy(after[6*mib:], before[6*mib:])
			writeFile(t, dir.Disk, before)
			create(t, dir, "a")
			writeFile(t, dir.Disk, after)
			taken := used(t, filepath.Dir(dir.Disk))
			made := createDetailed(t, dir, "b")
			if taken = used(t, filepath.Dir(dir.Disk)) - taken; taken > made.FileSize/4 || made.FileSize < 8*mib {
				t.Errorf("got a file of %d bytes, of which %d are new according to df; want shared blocks", made.FileSize, taken)
			}
			if made.Frees > made.FileSize/4 || get(t, dir, "a").Frees > made.FileSize/4 {
				t.Errorf("got Frees %d, and %d for the older snapshot, of %d bytes; want at most a quarter", made.Frees, get(t, dir, "a").Frees, made.FileSize)
			}
			if made.Shared == 0 || made.Shared != made.Reused || sharedBytes(t, store.filePath("b")) < made.Shared {
				t.Errorf("second snapshot: got %d shared of %d reused bytes, and %d according to filefrag", made.Shared, made.Reused, sharedBytes(t, store.filePath("b")))
			}
			taken = used(t, filepath.Dir(dir.Disk))
			r := restore(t, dir, "a")
			if taken = used(t, filepath.Dir(dir.Disk)) - taken; taken > 3*mib {
				t.Errorf("restore of one changed chunk: got %d new bytes according to df, want at most 3 MiB", taken)
			}
			if r.Shared < 8*mib || !bytes.Equal(readFile(t, dir.Disk), before) || sharedBytes(t, dir.Disk) < mib {
				t.Errorf("disk: got %d shared of %d reused bytes, and %d according to filefrag", r.Shared, r.Reused, sharedBytes(t, dir.Disk))
			}
			for _, name := range []string{"a", "b"} {
				if out, err := exec.Command("gunzip", "-t", store.filePath(name)).CombinedOutput(); err != nil {
					t.Errorf("%s: got %v, want no error\n%s", name, err, out)
				}
			}
			// Each file is independent.
			if err := os.Remove(store.filePath("a")); err != nil {
				t.Fatal(err)
			}
			if restore(t, dir, "b"); !bytes.Equal(readFile(t, dir.Disk), after) {
				t.Error("restore without the first snapshot: got a different disk")
			}
		})
	}
}

func TestSharesBlocks(t *testing.T) {
	for kind, want := range map[string]bool{"btrfs": true, "ext4": false} {
		got, err := diskfile.SharesBlocks(mounttest.Dir(t, kind, 128))
		if err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", kind, got, err, want)
		}
	}
}

// flipBytes changes bytes all over a file and back, through a memory mapping, until the
// returned function is called. The file is then as it was.
func flipBytes(t *testing.T, path string) (stop func()) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	size := int(st.Size())
	memory, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	end, ended := make(chan struct{}), make(chan struct{})
	flip := func() {
		for at := 300_000; at < size; at += 300_000 {
			memory[at] ^= 0xff
		}
	}
	flip()
	go func() {
		defer close(ended)
		for {
			select {
			case <-end:
				return
			default:
				flip()
				flip()
			}
		}
	}()
	return func() {
		close(end)
		<-ended
		flip()
		if err := unix.Munmap(memory); err != nil {
			t.Error(err)
		}
	}
}

// TestWriterDuringRestoreAndCreate writes from another process to the file whose blocks are
// shared: to the disk that a restore replaces, and to the newest snapshot.
func TestWriterDuringRestoreAndCreate(t *testing.T) {
	for kind, megabytes := range map[string]int{"btrfs": 256, "xfs": 400} {
		t.Run(kind, func(t *testing.T) {
			dir := testPaths(mounttest.Dir(t, kind, megabytes))
			if err := durable.MakeDir(dir.Snapshots); err != nil {
				t.Fatal(err)
			}
			store, disk := Open(dir), make([]byte, 40*mib)
			for at := mib; at+mib <= len(disk); at += mib { // noise that does not compress
				copy(disk[at:at+mib-100_000], content(byte(at>>20), mib))
			}
			writeFile(t, dir.Disk, disk)
			create(t, dir, "a")

			stop := flipBytes(t, dir.Disk)
			r := restore(t, dir, "a")
			stop()
			if !bytes.Equal(readFile(t, dir.Disk), disk) {
				t.Error("got a different disk than that of the snapshot")
			}
			if st, err := os.Stat(dir.Disk); err != nil || diskfile.Allocated(st) > int64(len(disk)) {
				t.Errorf("got %d allocated bytes, %v", diskfile.Allocated(st), err)
			}
			t.Logf("%d MiB reused, %d shared", r.Reused/mib, r.Shared/mib)

			stop = flipBytes(t, store.filePath("a"))
			made := createDetailed(t, dir, "b")
			stop()
			if _, err := store.Verify(t.Context(), "b", false, nil); err != nil {
				t.Errorf("the new snapshot: got error %v, want no error", err)
			}
			t.Logf("%d MiB reused, %d shared, notes %q", made.Reused/mib, made.Shared/mib, made.Notes)
			if restore(t, dir, "b"); !bytes.Equal(readFile(t, dir.Disk), disk) {
				t.Error("got other contents than the disk's")
			}
		})
	}
}
