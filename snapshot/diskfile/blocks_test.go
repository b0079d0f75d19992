package diskfile

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestWriteSkipsZeros(t *testing.T) {
	block := bytes.Repeat([]byte{'x'}, BlockSize)
	hole := make([]byte, BlockSize)
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, c := range map[string]struct {
		b       []byte
		written int64
	}{
		"nothing":     {nil, 0},
		"zeros":       {join(hole, hole, hole[:7]), 0},
		"data":        {join(block, block), 2 * BlockSize},
		"mixed":       {join(hole, block, hole, hole, block, block, hole), 3 * BlockSize},
		"short end":   {join(hole, block[:5]), 5},
		"one in many": {append(bytes.Clone(hole), 1), 1},
	} {
		f, err := os.Create(filepath.Join(t.TempDir(), "f"))
		if err != nil {
			t.Fatal(err)
		}
		const off = 3 * BlockSize
		n, err := WriteSparse(f, c.b, off)
		if err != nil || n != c.written || DataBytes(c.b) != c.written {
			t.Errorf("%s: wrote %d, counted %d, %v; want %d", name, n, DataBytes(c.b), err, c.written)
		}
		if err := f.Truncate(off + int64(len(c.b))); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(c.b))
		if _, err := f.ReadAt(got, off); err != nil && len(got) > 0 || !bytes.Equal(got, c.b) {
			t.Errorf("%s: got other bytes than written, error %v", name, err)
		}
		f.Close()
	}
}

func TestNextData(t *testing.T) {
	path := filepath.Join(t.TempDir(), "disk")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const size = 1 << 30
	for _, off := range []int64{64 << 20, 512 << 20} {
		if _, err := f.WriteAt(bytes.Repeat([]byte{1}, 4096), off); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	var data int64
	for off := int64(0); ; {
		start, end, err := d.NextData(off)
		if err != nil {
			t.Fatal(err)
		}
		if start == d.Size() {
			break
		}
		if start < off || end <= start {
			t.Fatalf("NextData(%d): got %d, %d", off, start, end)
		}
		data += end - start
		off = end
		if off == d.Size() {
			break
		}
	}
	if data < 8192 || data > 1<<20 {
		t.Errorf("got %d bytes of data, want 8 KiB to 1 MiB", data)
	}
	if _, err := Open(t.TempDir()); err == nil {
		t.Error("Open of a folder: got no error, want one")
	}
}
