package snapshot

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"vmterminal/app/ondisk"
	"vmterminal/app/ondisk/mounttest"
	"vmterminal/snapshot/diskfile"
)

// sharedBytes is how much of a file others share, by filefrag's list of extents.
func sharedBytes(t *testing.T, path string) (shared int64) {
	t.Helper()
	out, err := exec.Command("filefrag", "-v", "-b1024", path).CombinedOutput()
	if err != nil {
		t.Fatalf("filefrag: %v\n%s", err, out)
	}
	for _, line := range strings.Split(string(out), "\n") {
		fields := strings.Split(line, ":")
		if len(fields) < 5 || !strings.Contains(line, "shared") {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(fields[3]), 10, 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		shared += n << 10
	}
	return shared
}

// used is how much of the file system of a folder is taken, by df.
func used(t *testing.T, dir string) int64 {
	t.Helper()
	if out, err := exec.Command("sync", "-f", dir).CombinedOutput(); err != nil {
		t.Fatalf("sync: %v\n%s", err, out)
	}
	out, err := exec.Command("df", "-B1", "--output=used", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("df: %v\n%s", err, out)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(string(out)), "Used")), 10, 64)
	if err != nil {
		t.Fatalf("df: %q: %v", out, err)
	}
	return n
}

// TestBlocksAreShared takes a second snapshot and restores the first, on file
// systems that can share blocks: what has not changed takes no room.
func TestBlocksAreShared(t *testing.T) {
	for kind, megabytes := range map[string]int{"btrfs": 128, "xfs": 320} {
		t.Run(kind, func(t *testing.T) {
			dir := ondisk.VMDir(mounttest.Dir(t, kind, megabytes))
			if err := ondisk.MakeDir(dir.Snapshots()); err != nil {
				t.Fatal(err)
			}
			store := Open(dir)
			before, after := grown()
			before, after = append(before, content(9, 8*mib)...), append(after, content(9, 8*mib)...)
			for at := 6 * mib; at+mib <= len(before); at += mib { // noise that does not compress
				copy(before[at:at+mib], content(byte(at>>20), mib))
			}
			copy(after[6*mib:], before[6*mib:])
			writeFile(t, dir.Disk(), before)
			create(t, dir, "a")
			writeFile(t, dir.Disk(), after)
			taken := used(t, string(dir))
			made := createdNow(t, dir, "b")
			if taken = used(t, string(dir)) - taken; taken > made.FileSize/4 || made.FileSize < 8*mib {
				t.Errorf("of %d bytes %d are new, by df", made.FileSize, taken)
			}
			if made.Frees > made.FileSize/4 || get(t, dir, "a").Frees > made.FileSize/4 {
				t.Errorf("deleting frees %d, or the older one %d, of %d", made.Frees, get(t, dir, "a").Frees, made.FileSize)
			}
			if made.Shared == 0 || made.Shared != made.Reused || sharedBytes(t, store.file("b")) < made.Shared {
				t.Errorf("the second snapshot shares %d of %d bytes, and %d by filefrag", made.Shared, made.Reused, sharedBytes(t, store.file("b")))
			}
			taken = used(t, string(dir))
			r := restore(t, dir, "a")
			if taken = used(t, string(dir)) - taken; taken > 3*mib {
				t.Errorf("a restore of one changed chunk takes %d bytes, by df", taken)
			}
			if r.Shared < 8*mib || !bytes.Equal(readFile(t, dir.Disk()), before) || sharedBytes(t, dir.Disk()) < mib {
				t.Errorf("the disk shares %d of %d bytes, and %d by filefrag", r.Shared, r.Reused, sharedBytes(t, dir.Disk()))
			}
			for _, name := range []string{"a", "b"} {
				if out, err := exec.Command("gunzip", "-t", store.file(name)).CombinedOutput(); err != nil {
					t.Errorf("%s: %v\n%s", name, err, out)
				}
			}
			// Each stands alone.
			if err := os.Remove(store.file("a")); err != nil {
				t.Fatal(err)
			}
			if restore(t, dir, "b"); !bytes.Equal(readFile(t, dir.Disk()), after) {
				t.Error("without the first one, the second gives another disk")
			}
		})
	}
}

func TestSharesBlocksTellsFileSystemsApart(t *testing.T) {
	for kind, want := range map[string]bool{"btrfs": true, "ext4": false} {
		got, err := diskfile.SharesBlocks(mounttest.Dir(t, kind, 128))
		if err != nil || got != want {
			t.Errorf("%s: %v, %v", kind, got, err)
		}
	}
}
