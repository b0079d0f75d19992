package image

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// sum is a Progress that adds up the reported bytes.
type sum int64

func (*sum) Phase(string, int64) {}
func (s *sum) Add(n int64)       { *s += sum(n) }

// Holes are skipped: reading the whole disk would take hours.
func TestCopySkipsHoles(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("holes are not known here")
	}
	const size = 4 << 40
	dir := t.TempDir()
	from, err := os.Create(filepath.Join(dir, "from"))
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	parts := map[int64][]byte{
		0:           []byte("at the start"),
		5<<20 + 777: bytes.Repeat([]byte("over several pieces "), 10_000),
		3 << 40:     []byte("far away"),
		size - 3:    []byte("end"),
	}
	for at, part := range parts {
		if _, err := from.WriteAt(part, at); err != nil {
			t.Skipf("no file of %d bytes here: %v", int64(size), err)
		}
	}
	to, err := os.Create(filepath.Join(dir, "to"))
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	var done sum
	if err := Copy(t.Context(), to, from, Options{Progress: &done}); err != nil {
		t.Fatal(err)
	}
	if info, err := to.Stat(); err != nil || info.Size() != size || done != size {
		t.Errorf("got %v bytes, progress %d, error %v; want size for both", info.Size(), done, err)
	}
	for at, part := range parts {
		got := make([]byte, len(part))
		if _, err := to.ReadAt(got, at); err != nil || !bytes.Equal(got, part) {
			t.Errorf("contents at %d: got %.20q, %v; want the source's contents", at, got, err)
		}
	}
}
