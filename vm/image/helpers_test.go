package image_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rawDisk is a disk of n MiB: a boot sector, noise at the start of the second MiB, and zeros.
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

// qcow2Of is the file that qemu-img makes of a raw disk.
func qcow2Of(t *testing.T, raw []byte, options ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	from, to := filepath.Join(dir, "raw"), filepath.Join(dir, "qcow2")
	if err := os.WriteFile(from, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"convert", "-f", "raw", "-O", "qcow2"}, options...)
	if out, err := exec.Command("qemu-img", append(args, from, to)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	data, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func packed(t *testing.T, with string, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	switch with {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "xz":
		w, err = xz.NewWriter(&out)
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

// file opens a new file with that content, whose name means something to QEMU.
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

// meter is a Progress that can be looked at, and calls at, if that is set, at
// every step.
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
