package gzfile

import (
	"bytes"
	"context"
	"errors"
	"testing"
)

// check reads a file in both ways and returns what each said. The index is the
// whole file's.
func check(b []byte, h Header, x *Index) (byIndex, byStream error) {
	m := &memory{b: b}
	sink := func(int64, []byte) error { return nil }
	f, err := Open(m, m.Size())
	if err != nil {
		return err, err
	}
	if f.Header.ID != h.ID {
		return nil, nil // then it is no longer the same snapshot: must not happen
	}
	byIndex = f.Decode(context.Background(), x, sink, Options{})
	c, byStream := Stream(context.Background(), section(m), sink, Options{})
	if byStream == nil {
		byStream = f.Check(c)
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
			t.Fatalf("cut to %d bytes it opens", n)
		} else if n > Align && !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
		// As a foreign file, with its header's word left aside.
		if n%97 == 0 || n > len(out.b)-30 {
			c, err := Stream(context.Background(), section(&memory{b: out.b[:n]}), (&memory{}).sink, Options{})
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("cut to %d bytes it streams as %+v: %v", n, c, err)
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
			t.Fatalf("bit %d of byte %d: %v", bit%8, bit/8, err)
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
			t.Fatalf("byte %d: the index says %v", at, byIndex)
		}
		// Some bits of padding mean nothing to gzip: then the disk is right.
		if byStream != nil && !errors.Is(byStream, ErrDamaged) {
			t.Fatalf("byte %d: %v", at, byStream)
		}
		if byStream == nil {
			back := &memory{b: make([]byte, disk.Size())}
			if _, err := Stream(context.Background(), section(&memory{b: b}), back.sink, Options{}); err != nil || !bytes.Equal(back.b, disk.b) {
				t.Fatalf("byte %d: another disk passes", at)
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
			t.Fatalf("byte %d: %v", at, err)
		}
		if _, err := ReadIndex(bytes.NewReader(stored[:at]), h); !errors.Is(err, ErrBadIndex) {
			t.Fatalf("cut to %d: %v", at, err)
		}
	}
	other := h
	other.ID = "another"
	if _, err := ReadIndex(bytes.NewReader(stored), other); !errors.Is(err, ErrBadIndex) {
		t.Errorf("of another file: %v", err)
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
			t.Errorf("%s: %v", name, err)
		}
	}
	// An index that points elsewhere is found out by the chunk.
	f, err := Open(out, h.FileSize)
	if err != nil {
		t.Fatal(err)
	}
	y := *x
	y.Entries = append([]Entry(nil), x.Entries...)
	y.Entries[1].Offset += Align
	if err := f.Decode(context.Background(), &y, (&memory{}).sink, Options{}); !errors.Is(err, ErrDamaged) {
		t.Errorf("elsewhere: %v", err)
	}
}
