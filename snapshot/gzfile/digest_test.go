package gzfile

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
)

// everyWay reads a file in all the ways there are of restoring and verifying it,
// as far as it opens, and returns what each said.
func everyWay(t *testing.T, file *memory, x *Index) map[string]error {
	t.Helper()
	f, err := Open(file, file.Size())
	if err != nil {
		t.Fatal(err)
	}
	ctx, nowhere := context.Background(), func(int64, []byte) error { return nil }
	_, scanned := f.Scan(ctx, nowhere, Options{})
	return map[string]error{
		"restore by index": f.Decode(ctx, x, nowhere, Options{}), "restore": scanned,
		"verify by index": f.Verify(ctx, x, Options{}), "verify": f.Verify(ctx, nil, Options{}),
	}
}

// TestAnotherDisksBody has a file whose header and index agree on a digest, and
// all of whose checksums hold, but its disk is not the one of the digest: what a
// computer makes that errs between hashing a chunk and compressing it.
func TestAnotherDisksBody(t *testing.T) {
	_, h, x := written(t, &memory{b: text(1, 2*mib+5000)}, 0)
	file, other, y := written(t, &memory{b: text(2, 2*mib+5000)}, 0)
	other.Digest = h.Digest
	head, err := other.encode(Align)
	if err != nil {
		t.Fatal(err)
	}
	copy(file.b, head)
	y.Digest, y.Entries = h.Digest, slices.Clone(y.Entries)
	for at := range y.Entries {
		y.Entries[at].SHA256 = x.Entries[at].SHA256
	}
	b, err := y.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if y, err = ReadIndex(bytes.NewReader(b), other); err != nil {
		t.Fatal("the index does not fit: ", err)
	}
	for way, err := range everyWay(t, file, y) {
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", way, err)
		}
	}
}

// TestAnotherDisksEnd has each byte of the CRC-32 at the end changed.
func TestAnotherDisksEnd(t *testing.T) {
	file, _, x := written(t, &memory{b: text(1, mib+5000)}, 0)
	for at := len(file.b) - 8; at < len(file.b)-4; at++ {
		file.b[at] ^= 0x40
		for way, err := range everyWay(t, file, x) {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("byte %d, %s: %v", at, way, err)
			}
		}
		file.b[at] ^= 0x40
	}
	for way, err := range everyWay(t, file, x) {
		if err != nil {
			t.Errorf("as it was, %s: %v", way, err)
		}
	}
}

// TestPresentIsCompared decodes onto a disk that has some of the chunks, others
// in the place of some, and none in that of others.
func TestPresentIsCompared(t *testing.T) {
	before, after := later()
	file, h, x := written(t, before, 0)
	f, err := Open(file, h.FileSize)
	if err != nil {
		t.Fatal(err)
	}
	present, err := NewPresent(context.Background(), after)
	if err != nil {
		t.Fatal(err)
	}
	back := &memory{b: make([]byte, before.Size())}
	if err := f.Decode(context.Background(), x, back.sink, Options{Present: present}); err != nil || !bytes.Equal(back.b, before.b) {
		t.Errorf("another disk, %v", err)
	}
	if present.Reused() == 0 {
		t.Error("nothing was taken from the present disk")
	}
}

// TestSinkGetsTheDiskInOrder holds what a Sink is promised, for all who call one;
// that no two calls are made at once is for the race detector to see.
func TestSinkGetsTheDiskInOrder(t *testing.T) {
	file, h, x := written(t, &memory{b: random(1, 9*mib+5000)}, 0)
	f, err := Open(file, h.FileSize)
	if err != nil {
		t.Fatal(err)
	}
	ctx, opt := context.Background(), Options{Workers: 8}
	for way, read := range map[string]func(Sink) error{
		"Decode": func(s Sink) error { return f.Decode(ctx, x, s, opt) },
		"Scan":   func(s Sink) error { _, err := f.Scan(ctx, s, opt); return err },
		"Stream": func(s Sink) error { _, err := Stream(ctx, section(file), s, opt); return err },
	} {
		next := int64(0)
		err := read(func(off int64, content []byte) error {
			if off != next {
				t.Errorf("%s: %d follows after %d", way, off, next)
			}
			next = off + int64(len(content))
			return nil
		})
		if err != nil || next != h.Size {
			t.Errorf("%s: up to %d of %d, %v", way, next, h.Size, err)
		}
	}
}
