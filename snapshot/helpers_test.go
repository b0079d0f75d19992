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

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/lazydisk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const mib = 1 << 20

// vmDir returns the paths of a new VM with the given disk.
func vmDir(t testing.TB, disk []byte) Paths {
	t.Helper()
	dir := testPaths(t.TempDir())
	if err := durable.MakeDir(dir.Snapshots); err != nil {
		t.Fatal(err)
	}
	writeFile(t, dir.Disk, disk)
	return dir
}

func writeFile(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, durable.FileMode); err != nil {
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

// openDisk opens the disk in dir until the test ends.
func openDisk(t testing.TB, dir Paths) *Disk {
	t.Helper()
	disk, err := OpenDisk(dir.Disk)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = disk.Close() })
	return disk
}

// create creates a snapshot of the disk.
func create(t testing.TB, dir Paths, name string) Info {
	t.Helper()
	return createDetailed(t, dir, name).Info
}

// createDetailed is like create, but returns the details of the creation.
func createDetailed(t testing.TB, dir Paths, name string) Created {
	t.Helper()
	disk := openDisk(t, dir)
	req := Request{Name: name, Description: "as " + name, VM: "default", Taken: TakenStopped}
	made, err := Open(dir).Create(context.Background(), disk, req, nil)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func restore(t testing.TB, dir Paths, name string) Restored {
	t.Helper()
	r, err := Open(dir).Restore(context.Background(), name, dir.Disk, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func get(t testing.TB, dir Paths, name string) Info {
	t.Helper()
	i, err := Open(dir).Get(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// tree returns the paths of the files in a folder.
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

// content returns a disk with text, noise and zeros.
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

// goGzip compresses a disk like another tool.
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

// testPaths returns the files of a disk and its snapshots in dir.
func testPaths(dir string) Paths {
	return Paths{
		Disk: filepath.Join(dir, "disk.raw"), Undo: filepath.Join(dir, "disk.undo"),
		Rows: filepath.Join(dir, "snapshots.json"), RowsLock: filepath.Join(dir, "snapshots.lock"),
		Snapshots: filepath.Join(dir, "snapshots"),
		Firmware:  filepath.Join(dir, "efivars.fd"), FirmwareUndo: filepath.Join(dir, "efivars.undo"),
		FirmwareNextPrefix: filepath.Join(dir, "efivars.next-"),
		Filling:            lazydisk.Dir(filepath.Join(dir, "filling")),
	}
}
