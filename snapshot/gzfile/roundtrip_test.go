package gzfile

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRoundTrip(t *testing.T) {
	for name, disk := range disks() {
		t.Run(name, func(t *testing.T) {
			out, h, x := written(t, disk, 0)
			if h.FileSize != out.Size() || h.Size != disk.Size() {
				t.Fatalf("got header with FileSize %d and Size %d, want %d and %d", h.FileSize, h.Size, out.Size(), disk.Size())
			}
			f, err := Open(out, out.Size())
			if err != nil {
				t.Fatal(err)
			}
			if f.Header != h {
				t.Errorf("got header %+v\nwant %+v", f.Header, h)
			}
			back := &memory{b: make([]byte, disk.Size())}
			c, err := Stream(context.Background(), section(out), back.sink, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := f.CheckContent(c); err != nil || !bytes.Equal(back.b, disk.b) {
				t.Errorf("Stream: got a different disk, error %v", err)
			}
			stored, err := x.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			x2, err := ReadIndex(bytes.NewReader(stored), h)
			if err != nil {
				t.Fatal(err)
			}
			back = &memory{b: make([]byte, disk.Size())}
			if err := f.Decode(context.Background(), x2, back.sink, Options{}); err != nil || !bytes.Equal(back.b, disk.b) {
				t.Errorf("Decode: got a different disk, error %v", err)
			}
			z, err := gzip.NewReader(section(out))
			if err != nil {
				t.Fatal(err)
			}
			std, err := io.ReadAll(z)
			if err != nil || !bytes.Equal(std, disk.b) {
				t.Errorf("Go's gzip: got other contents, error %v", err)
			}
		})
	}
}

func TestSameFileForAnyNumberOfWorkers(t *testing.T) {
	for name, disk := range disks() {
		one, _, _ := written(t, disk, 1)
		for _, workers := range []int{2, 16} {
			if many, _, _ := written(t, disk, workers); !bytes.Equal(one.b, many.b) {
				t.Errorf("%s: got another file with %d workers than with one", name, workers)
			}
		}
		// Holes in other places give the same file.
		if flat, _, _ := written(t, &memory{b: disk.b}, 2); !bytes.Equal(one.b, flat.b) {
			t.Errorf("%s: got another file without holes, want the same", name)
		}
	}
}

func TestSegmentsAreAligned(t *testing.T) {
	if n := len(zeroSegments()[zeroGroup]); n != Align {
		t.Errorf("four zero chunks take %d bytes, want %d", n, Align)
	}
	out, h, x := written(t, disks()["holes everywhere"], 0)
	for _, e := range x.Entries {
		if e.Offset%Align != 0 || e.Length%Align != 0 {
			t.Errorf("chunk %d: got offset %d, length %d, want multiples of Align", e.Chunk, e.Offset, e.Length)
		}
	}
	if h.FileSize%Align != trailerLen {
		t.Errorf("got a file of %d bytes, want a multiple of Align plus the trailer", h.FileSize)
	}
	if out.b[3] != 4 || out.b[12] != 'V' || out.b[13] != 'T' {
		t.Errorf("got a header that starts with %x, want FEXTRA and the subfield VT", out.b[:16])
	}
}

func TestToolsReadOurs(t *testing.T) {
	dir := t.TempDir()
	for name, disk := range disks() {
		out, _, _ := written(t, disk, 0)
		path := filepath.Join(dir, "x.gz")
		if err := os.WriteFile(path, out.b, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, tool := range [][]string{{"gzip", "-dc"}, {"pigz", "-dc"}, {"busybox", "gunzip", "-c"}, {"gzip", "-tv"}} {
			got, err := exec.Command(tool[0], append(tool[1:], path)...).Output()
			if err != nil || tool[1] != "-tv" && !bytes.Equal(got, disk.b) {
				t.Errorf("%s: %v: got error %v, %d bytes", name, tool, err, len(got))
			}
		}
	}
}

func TestLongHeader(t *testing.T) {
	src := &memory{b: text(1, 5000)}
	plan, _ := NewPlan(context.Background(), src)
	for n, want := range map[int]int64{3000: Align, 6000: 2 * Align, 11000: 3 * Align} {
		h := header("n")
		h.Description = string(bytes.Repeat([]byte{'x'}, n))
		out := &memory{}
		h, _, err := Write(context.Background(), out, src, plan, h, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, length, err := ReadHeader(out)
		if err != nil || got != h || length != want {
			t.Errorf("description of %d bytes: got a header of %d bytes, %v; want %v", n, length, err, want)
		}
		path := filepath.Join(t.TempDir(), "x.gz")
		if err := os.WriteFile(path, out.b, 0o600); err != nil {
			t.Fatal(err)
		}
		if b, err := exec.Command("busybox", "gunzip", "-c", path).Output(); err != nil || !bytes.Equal(b, src.b) {
			t.Errorf("description of %d bytes: busybox: got error %v", n, err)
		}
	}
	h := header("n")
	h.Description = string(bytes.Repeat([]byte{'x'}, 13000))
	if _, _, err := Write(context.Background(), &memory{}, src, plan, h, Options{}); err == nil {
		t.Error("description of 13,000 bytes: got no error, want one")
	}
}
