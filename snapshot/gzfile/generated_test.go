package gzfile

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
)

var (
	someNoise = sync.OnceValue(func() []byte { return random(1, 3*mib) })
	someText  = sync.OnceValue(func() []byte { return text(1, 3*mib) })
)

// generated returns a disk of random size with random parts.
func generated(r *rand.Rand) *memory {
	sizes := []int{0, 1, 511, 4095, 4096, mib - 1, mib, mib + 1, r.IntN(4 * mib), r.IntN(5) * mib, 4 * r.IntN(mib), 3*mib + 4096*r.IntN(256)}
	size := sizes[r.IntN(len(sizes))]
	m := &memory{b: make([]byte, size), data: [][2]int64{}}
	most := []int{600, 70_000, 2 * mib}[r.IntN(3)]
	for at := r.IntN(most); at < size; at += r.IntN(most) {
		b := m.b[at:min(size, at+1+r.IntN(most))]
		switch r.IntN(4) {
		case 0:
			copy(b, someNoise()[r.IntN(mib):])
		case 1:
			copy(b, someText()[r.IntN(mib):])
		case 2:
			copy(b, bytes.Repeat(flushMark, len(b)/4))
		} // else zeros that are not a hole
		m.data = append(m.data, [2]int64{int64(at), int64(at + len(b))})
		at += len(b)
	}
	return m
}

// changed returns the disk with some bytes overwritten.
func changed(r *rand.Rand, disk *memory) *memory {
	m := &memory{b: bytes.Clone(disk.b)}
	for range min(len(m.b), r.IntN(4)) {
		m.b[r.IntN(len(m.b))] ^= byte(r.IntN(256))
	}
	if r.IntN(3) == 0 {
		m.b = append(m.b, make([]byte, r.IntN(2*mib))...)
	}
	return m
}

// FuzzGeneratedDisks writes random disks with one, two and many workers, and then writes
// them again, changed, with the first file as base. Every way of reading must return the
// disk.
func FuzzGeneratedDisks(f *testing.F) {
	for seed := range uint64(6) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 7))
		first := generated(r)
		file, x := writtenAlike(t, seed, first, nil)
		second := changed(r, first)
		alone, _ := writtenAlike(t, seed, second, nil)
		based, _ := writtenAlike(t, seed, second, &Base{File: file, Index: x})
		if !bytes.Equal(alone.r.(*memory).b, based.r.(*memory).b) {
			t.Errorf("seed %d: got another file with a base, want the same", seed)
		}
		readsAlike(t, seed, file, x, first.b)
	})
}

// writtenAlike writes the disk with different numbers of workers, and compares the files.
func writtenAlike(t *testing.T, seed uint64, disk *memory, base *Base) (*File, *Index) {
	t.Helper()
	plan, err := NewPlan(context.Background(), disk)
	if err != nil {
		t.Fatal(err)
	}
	var file *File
	var index *Index
	for _, workers := range []int{1, 2, 16} {
		out := &memory{}
		h, x, err := Write(context.Background(), out, disk, plan, header("n"), Options{Workers: workers, Base: base})
		if err != nil {
			t.Fatalf("seed %d: got error %v, want no error", seed, err)
		}
		f, err := Open(out, h.FileSize)
		if err != nil {
			t.Fatalf("seed %d: got error %v, want no error", seed, err)
		}
		if file != nil && (!bytes.Equal(file.r.(*memory).b, out.b) || !reflect.DeepEqual(index, x)) {
			t.Errorf("seed %d: got another file with %d workers, want the same", seed, workers)
		}
		file, index = f, x
	}
	return file, index
}

// readsAlike reads the file in every way, and compares the disks.
func readsAlike(t *testing.T, seed uint64, f *File, x *Index, want []byte) {
	t.Helper()
	ctx, whole := context.Background(), f.r.(*memory)
	for name, read := range map[string]func(back *memory) error{
		"by its index": func(back *memory) error { return f.Decode(ctx, x, back.sink, Options{Workers: 3}) },
		"by a scan": func(back *memory) error {
			again, err := f.Scan(ctx, back.sink, Options{Workers: 3})
			if err == nil && !reflect.DeepEqual(again, x) {
				err = errors.New("another index")
			}
			return err
		},
		"as a stream": func(back *memory) error {
			c, err := Stream(ctx, section(whole), back.sink, Options{Workers: 3})
			if err == nil {
				err = f.CheckContent(c)
			}
			return err
		},
		"by Go's gzip": func(back *memory) error {
			z, err := gzip.NewReader(section(whole))
			if err == nil {
				_, err = io.ReadFull(z, back.b)
			}
			if more, _ := io.Copy(io.Discard, z); err == nil && more > 0 {
				err = errors.New("more than the disk")
			}
			return err
		},
	} {
		back := &memory{b: make([]byte, len(want))}
		if err := read(back); err != nil || !bytes.Equal(back.b, want) {
			t.Errorf("seed %d, %d bytes, %s: got other disk contents or error %v", seed, len(want), name, err)
		}
	}
	if err := f.Verify(ctx, x, Options{}); err != nil {
		t.Errorf("seed %d: got error %v, want no error", seed, err)
	}
}

// hole is an empty disk of any size.
type hole struct{ size int64 }

func (h hole) Size() int64                                  { return h.size }
func (h hole) NextData(int64) (start, end int64, err error) { return h.size, h.size, nil }
func (h hole) ReadAt(p []byte, _ int64) (int, error)        { clear(p); return len(p), nil }

// TestLargeHoles writes an empty disk of 5 GB, and calls NewPlan for the largest disks.
func TestLargeHoles(t *testing.T) {
	const size = 5_000_000_001
	var one *memory
	for _, workers := range []int{1, 2, 16} {
		out, h, x := written(t, hole{size}, workers)
		f, err := Open(out, h.FileSize)
		if err != nil || h.Data != 0 || len(x.Entries) != 0 || h.FileSize > size/1024+3*Align {
			t.Fatalf("Open: got %+v, %v; want Data 0", h, err)
		}
		if err := f.Decode(context.Background(), x, (&memory{}).sink, Options{}); err != nil {
			t.Error(err)
		}
		if one != nil && !bytes.Equal(one.b, out.b) {
			t.Errorf("got another file with %d workers, want the same", workers)
		}
		one = out
	}
	for size, want := range map[int64]error{MaxDisk: nil, MaxDisk + 1: ErrTooLarge, 1 << 60: ErrTooLarge} {
		if _, err := NewPlan(context.Background(), hole{size}); !errors.Is(err, want) {
			t.Errorf("%d bytes: got error %v, want error %v", size, err, want)
		}
	}
}

// TestTooLargeDisk reads files that contain, or claim to contain, too large a disk.
func TestTooLargeDisk(t *testing.T) {
	b := goGzip(t, make([]byte, 2*mib), text(1, 5))
	for most, want := range map[int64]error{2*mib + 5: nil, 2*mib + 4: ErrTooLarge, mib: ErrTooLarge} {
		if _, err := Stream(context.Background(), bytes.NewReader(b), (&memory{}).sink, Options{maxDisk: most}); !errors.Is(err, want) {
			t.Errorf("at most %d: got error %v, want error %v", most, err, want)
		}
	}
	h := header("n")
	h.Format, h.Size, h.FileSize = Format, MaxDisk+1, 1<<50
	h.Digest = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	b, err := h.encode(Align)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadHeader(bytes.NewReader(b)); !errors.Is(err, ErrDamaged) {
		t.Errorf("header with too large a disk: got error %v, want ErrDamaged", err)
	}
}
