package nbd

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

var dataRanges = []Range{{1 << 20, 7 << 20}, {40 << 20, 40<<20 + 65536}}

// sparseDisk creates a raw disk of 64 MiB with islands of data.
func sparseDisk(t *testing.T) (path string, content []byte) {
	t.Helper()
	content = make([]byte, 64<<20)
	rnd := rand.NewChaCha8([32]byte{1})
	path = filepath.Join(t.TempDir(), "disk.raw")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(int64(len(content))); err != nil {
		t.Fatal(err)
	}
	for _, p := range dataRanges {
		_, _ = rnd.Read(content[p.Start:p.End])
		if _, err := f.WriteAt(content[p.Start:p.End], p.Start); err != nil {
			t.Fatal(err)
		}
	}
	return path, content
}

// qemuNBD exports a raw disk as "snap" until the test ends.
func qemuNBD(t *testing.T, disk string) (e *Export, server *os.Process) {
	t.Helper()
	dir, err := os.MkdirTemp("", "nbd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	cmd := exec.Command("qemu-nbd", "-r", "-t", "-x", "snap", "-k", socket, "-f", "raw", disk)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(2 * time.Minute); ; {
		e, err = Dial(t.Context(), socket, "snap")
		if err == nil {
			t.Cleanup(func() { _ = e.Close() })
			return e, cmd.Process
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond) // qemu-nbd does not report when it listens
	}
}

func TestQEMUServer(t *testing.T) {
	disk, want := sparseDisk(t)
	e, _ := qemuNBD(t, disk)
	if e.Size() != int64(len(want)) {
		t.Fatalf("got size %d, want %v", e.Size(), int64(len(want)))
	}
	var found []Range
	for off := int64(0); off < e.Size(); {
		data, end, err := e.Data(off)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, data...)
		off = end
	}
	if len(found) != 2 || found[0] != dataRanges[0] || found[1] != dataRanges[1] {
		t.Errorf("data at %v, want %v", found, dataRanges)
	}
	got := make([]byte, len(want))
	var wg sync.WaitGroup
	for part := range 16 {
		wg.Go(func() {
			step := len(got) / 16
			if _, err := e.ReadAt(got[part*step:(part+1)*step], int64(part*step)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if !bytes.Equal(got, want) {
		t.Error("ReadAt: contents differ from the disk")
	}
	if n, err := e.ReadAt(got[:100], e.Size()-10); n != 10 || err == nil {
		t.Errorf("at the end: got %d bytes, %v; want 10 and an error", n, err)
	}
}

func TestQEMUServerWithoutExport(t *testing.T) {
	disk, _ := sparseDisk(t)
	e, _ := qemuNBD(t, disk)
	_ = e.Close() // qemu-nbd serves one client at a time
	if _, err := Dial(t.Context(), e.conn.RemoteAddr().String(), "other"); !errors.Is(err, ErrNoExport) {
		t.Errorf("Dial: got error %v, want ErrNoExport", err)
	}
}

func TestQEMUServerDies(t *testing.T) {
	disk, _ := sparseDisk(t)
	e, server := qemuNBD(t, disk)
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	for {
		_, err := e.ReadAt(make([]byte, 1<<20), 1<<20)
		if errors.Is(err, ErrGone) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
