package gzfile

import (
	"bytes"
	"context"
	"errors"
	"testing"
)

// check reads a file by its index and as a stream, and returns both errors.
func check(b []byte, h Header, x *Index) (byIndex, byStream error) {
	m := &memory{b: b}
	sink := func(int64, []byte) error { return nil }
	f, err := Open(m, m.Size())
	if err != nil {
		return err, err
	}
	if f.Header.ID != h.ID {
		return nil, nil // must not happen: this is another snapshot
	}
	byIndex = f.Decode(context.Background(), x, sink, Options{})
	c, byStream := Stream(context.Background(), section(m), sink, Options{})
	if byStream == nil {
		byStream = f.CheckContent(c)
	}
	return byIndex, byStream
}

func TestEveryTruncationIsNoticed(t *testing.T) {
	out, h, x := written(t, place(mib+77, map[int][]byte{mib: random(1, 77)}), 0)
	if err, err2 := check(out.b, h, x); err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	for n := range out.b {
		if _, err := Open(&memory{b: out.b[:n]}, int64(n)); err == nil {
			t.Fatalf("cut to %d bytes: got no error from Open, want one", n)
		} else if n > Align && !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut to %d bytes: got error %v, want ErrDamaged", n, err)
		}
		// Read it as a foreign file, regardless of its header.
		if n%97 == 0 || n > len(out.b)-30 {
			c, err := Stream(context.Background(), section(&memory{b: out.b[:n]}), (&memory{}).sink, Options{})
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("cut to %d bytes: Stream returns %+v: got error %v, want error %v", n, c, err, ErrDamaged)
			}
		}
	}
}

func TestEveryHeaderBitIsNoticed(t *testing.T) {
	out, _, _ := written(t, &memory{b: text(1, 5000)}, 0)
	for bit := range Align * 8 {
		b := bytes.Clone(out.b)
		b[bit/8] ^= 1 << (bit % 8)
		if _, err := Open(&memory{b: b}, int64(len(b))); !errors.Is(err, ErrDamaged) {
			t.Fatalf("bit %d of byte %d: got error %v, want error %v", bit%8, bit/8, err, ErrDamaged)
		}
	}
}

func TestEveryBodyByteIsNoticed(t *testing.T) {
	disk := place(2*mib-600, map[int][]byte{mib: random(1, 3000)})
	out, h, x := written(t, disk, 0)
	for at := Align; at < len(out.b); at += 101 {
		b := bytes.Clone(out.b)
		b[at] ^= 0x10
		byIndex, byStream := check(b, h, x)
		inChunk := false
		for _, e := range x.Entries {
			inChunk = inChunk || int64(at) >= e.Offset && int64(at) < e.Offset+int64(e.Length)
		}
		var d *Damage
		if inChunk && (!errors.As(byIndex, &d) || d.Chunk < 0) {
			t.Fatalf("byte %d, by index: got error %v, want a *Damage of a chunk", at, byIndex)
		}
		// Some bits of the padding have no meaning in gzip. If one is flipped, the disk
		// must still be right.
		if byStream != nil && !errors.Is(byStream, ErrDamaged) {
			t.Fatalf("byte %d, as a stream: got error %v, want ErrDamaged or none", at, byStream)
		}
		if byStream == nil {
			back := &memory{b: make([]byte, disk.Size())}
			if _, err := Stream(context.Background(), section(&memory{b: b}), back.sink, Options{}); err != nil || !bytes.Equal(back.b, disk.b) {
				t.Fatalf("byte %d: got no error for another disk, want one", at)
			}
		}
	}
}

func TestIndexIsChecked(t *testing.T) {
	out, h, x := written(t, disks()["holes everywhere"], 0)
	stored, err := x.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for at := range stored {
		b := bytes.Clone(stored)
		b[at] ^= 4
		if _, err := ReadIndex(bytes.NewReader(b), h); !errors.Is(err, ErrBadIndex) {
			t.Fatalf("byte %d: got error %v, want error %v", at, err, ErrBadIndex)
		}
		if _, err := ReadIndex(bytes.NewReader(stored[:at]), h); !errors.Is(err, ErrBadIndex) {
			t.Fatalf("cut to %d: got error %v, want error %v", at, err, ErrBadIndex)
		}
	}
	other := h
	other.ID = "another"
	if _, err := ReadIndex(bytes.NewReader(stored), other); !errors.Is(err, ErrBadIndex) {
		t.Errorf("index of another file: got error %v, want error %v", err, ErrBadIndex)
	}
	lies := map[string]func(x *Index){
		"order":   func(x *Index) { x.Entries[0], x.Entries[1] = x.Entries[1], x.Entries[0] },
		"missing": func(x *Index) { x.Entries = x.Entries[1:] },
		"sum":     func(x *Index) { x.Entries[0].SHA256[0] ^= 1 },
		"length":  func(x *Index) { x.Entries[0].Length = maxSegment + 1 },
		"far":     func(x *Index) { x.Entries[len(x.Entries)-1].Offset = h.FileSize },
		"before":  func(x *Index) { x.Entries[0].Offset = -1 },
	}
	for name, lie := range lies {
		y := *x
		y.Entries = append([]Entry(nil), x.Entries...)
		lie(&y)
		b, err := y.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ReadIndex(bytes.NewReader(b), h); !errors.Is(err, ErrBadIndex) {
			t.Errorf("%s: got error %v, want error %v", name, err, ErrBadIndex)
		}
	}
	// A wrong offset in the index is detected in the chunk.
	f, err := Open(out, h.FileSize)
	if err != nil {
		t.Fatal(err)
	}
	y := *x
	y.Entries = append([]Entry(nil), x.Entries...)
	y.Entries[1].Offset += Align
	if err := f.Decode(context.Background(), &y, (&memory{}).sink, Options{}); !errors.Is(err, ErrDamaged) {
		t.Errorf("wrong offset: got error %v, want error %v", err, ErrDamaged)
	}
}
