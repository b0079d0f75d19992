package image_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rawDisk returns a disk of n MiB: a boot sector, noise at the start of the second MiB, and zeros.
func rawDisk(n int) []byte {
	disk := make([]byte, n<<20)
	copy(disk, "boot")
	disk[510], disk[511] = 0x55, 0xaa
	noise := rand.New(rand.NewPCG(1, 2))
	for i := 1 << 20; i < 1<<20+1<<18; i += 8 {
		binary.LittleEndian.PutUint64(disk[i:], noise.Uint64())
	}
	return disk
}

// qcow2Of converts a raw disk to qcow2 with qemu-img.
func qcow2Of(t *testing.T, raw []byte, options ...string) []byte {
	t.Helper()
	return convertTo(t, raw, "qcow2", options...)
}

// ovaOf returns an OVA with a raw disk's contents.
func ovaOf(t *testing.T, raw []byte) []byte {
	t.Helper()
	const description = "<Envelope/>"
	disk := convertTo(t, raw, "vmdk", "-o", "subformat=streamOptimized")
	manifest := fmt.Sprintf("SHA256(vm.ovf)= %x\nSHA1 (disk.vmdk) = %X\n", sha256.Sum256([]byte(description)), sha1.Sum(disk))
	return tarOf(t, "vm.ovf", []byte(description), "vm.mf", []byte(manifest), "disk.vmdk", disk)
}

// tarOf returns an archive of files, given as names and contents in turn.
func tarOf(t *testing.T, files ...any) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for i := 0; i < len(files); i += 2 {
		content := files[i+1].([]byte)
		err := w.WriteHeader(&tar.Header{Name: files[i].(string), Mode: 0o600, Size: int64(len(content))})
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// convertTo converts a raw disk to a format with qemu-img.
func convertTo(t *testing.T, raw []byte, format string, options ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	from, to := filepath.Join(dir, "raw"), filepath.Join(dir, "made")
	if err := os.WriteFile(from, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"convert", "-f", "raw", "-O", format}, options...)
	if out, err := exec.Command("qemu-img", append(args, from, to)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: got %s, want no error", err, out)
	}
	data, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func compressWith(t *testing.T, with string, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	switch with {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "xz":
		return tool(t, data, "xz", "-c")
	case "zstd":
		w, err = zstd.NewWriter(&out)
	}
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// tool returns the output of a program for an input.
func tool(t *testing.T, data []byte, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: got error %v, want no error", cmd.Args, err)
	}
	return out
}

// file creates a file with the given contents and opens it. QEMU would misinterpret its name.
func file(t *testing.T, data []byte) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "nbd:an,image=x:y"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	return f
}

// A meter is a Progress that tests can inspect. It calls at, if set, on every Add.
type meter struct {
	total, done atomic.Int64
	at          func()
}

func (m *meter) Phase(_ string, total int64) {
	m.total.Store(total)
	m.done.Store(0)
}

func (m *meter) Add(n int64) {
	m.done.Add(n)
	if m.at != nil {
		m.at()
	}
}
