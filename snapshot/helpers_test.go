package snapshot

import (
	"bytes"
	"compress/gzip"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"vmterminal/app/ondisk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const mib = 1 << 20

// vmDir returns the folder of a VM with a disk of that content.
func vmDir(t testing.TB, disk []byte) ondisk.VMDir {
	t.Helper()
	dir := ondisk.VMDir(t.TempDir())
	if err := ondisk.MakeDir(dir.Snapshots()); err != nil {
		t.Fatal(err)
	}
	writeFile(t, dir.Disk(), disk)
	return dir
}

func writeFile(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, ondisk.FileMode); err != nil {
		t.Fatal(err)
	}
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// openDisk opens the folder's disk until the test ends.
func openDisk(t testing.TB, dir ondisk.VMDir) *Disk {
	t.Helper()
	disk, err := OpenDisk(dir.Disk())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = disk.Close() })
	return disk
}

// create takes a snapshot of the folder's disk.
func create(t testing.TB, dir ondisk.VMDir, name string) Info {
	t.Helper()
	return createdNow(t, dir, name).Info
}

// createdNow is create with what it says of how it came about.
func createdNow(t testing.TB, dir ondisk.VMDir, name string) Created {
	t.Helper()
	disk := openDisk(t, dir)
	req := Request{Name: name, Description: "as " + name, VM: "default", Taken: TakenStopped}
	made, err := Open(dir).Create(context.Background(), disk, req, nil)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func restore(t testing.TB, dir ondisk.VMDir, name string) Restored {
	t.Helper()
	r, err := Open(dir).Restore(context.Background(), name, dir.Disk(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func get(t testing.TB, dir ondisk.VMDir, name string) Info {
	t.Helper()
	i, err := Open(dir).Get(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// tree lists the files of a folder, by path.
func tree(t testing.TB, dir string) string {
	t.Helper()
	var names []string
	err := filepath.Walk(dir, func(path string, st os.FileInfo, err error) error {
		if err == nil && !st.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			names = append(names, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(names)
	return strings.Join(names, " ")
}

// content is a disk with text, noise and zeros.
func content(seed byte, size int) []byte {
	b := make([]byte, size)
	noise := rand.NewChaCha8([32]byte{seed})
	_, _ = noise.Read(b[:min(size, mib+1000)])
	if size > 2*mib {
		copy(b[2*mib:], bytes.Repeat([]byte{'t', 'e', 'x', seed}, min(size-2*mib, mib)/4))
	}
	if size > 0 {
		b[size-1] = seed + 1
	}
	return b
}

// goGzip is what another tool makes of a disk.
func goGzip(t testing.TB, disk []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(disk)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
