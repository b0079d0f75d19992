package gzfile

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

// everyWay restores and verifies a file, with and without its index, and returns the
// errors.
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

// TestBodyOfAnotherDisk reads a file with right checksums whose header and index agree on a
// digest, but whose body contains another disk. A memory error between hashing and
// compressing a chunk has that effect.
func TestBodyOfAnotherDisk(t *testing.T) {
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
		t.Fatal("ReadIndex: ", err)
	}
	for way, err := range everyWay(t, file, y) {
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: got error %v, want error %v", way, err, ErrDamaged)
		}
	}
}

// TestTrailerOfAnotherDisk changes each byte of the CRC-32 at the end of the file.
func TestTrailerOfAnotherDisk(t *testing.T) {
	file, _, x := written(t, &memory{b: text(1, mib+5000)}, 0)
	for at := len(file.b) - 8; at < len(file.b)-4; at++ {
		file.b[at] ^= 0x40
		for way, err := range everyWay(t, file, x) {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("byte %d, %s: got error %v, want error %v", at, way, err, ErrDamaged)
			}
		}
		file.b[at] ^= 0x40
	}
	for way, err := range everyWay(t, file, x) {
		if err != nil {
			t.Errorf("unchanged, %s: got error %v, want no error", way, err)
		}
	}
}

// TestPresentIsCompared decodes with a present disk that has some of the chunks, differs in
// others and lacks the rest.
func TestPresentIsCompared(t *testing.T) {
	before, after := later()
	file, h, x := written(t, before, 0)
	f, err := Open(file, h.FileSize)
	if err != nil {
		t.Fatal(err)
	}
	present, err := NewPresentDisk(context.Background(), after)
	if err != nil {
		t.Fatal(err)
	}
	back := &memory{b: make([]byte, before.Size())}
	if err := f.Decode(context.Background(), x, back.sink, Options{Present: present}); err != nil || !bytes.Equal(back.b, before.b) {
		t.Errorf("got other disk contents or error %v", err)
	}
	if present.Reused == 0 {
		t.Error("got nothing reused from the present disk, want some")
	}
}

// TestSinkReceivesDiskInOrder checks the contract of Sink for all functions that call one. The
// race detector checks that calls do not overlap.
func TestSinkReceivesDiskInOrder(t *testing.T) {
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
				t.Errorf("%s: got offset %d, want %d", way, off, next)
			}
			next = off + int64(len(content))
			return nil
		})
		if err != nil || next != h.Size {
			t.Errorf("%s: got %d of %d bytes, %v; want all", way, next, h.Size, err)
		}
	}
}

// TestUnknownMembersAreKept checks that header members from a newer version are kept.
func TestUnknownMembersAreKept(t *testing.T) {
	const unknown = `{"future":{"a":[1]},"sign":"<>"}`
	h := Header{
		Format: Format, ID: "id", Name: "a", Size: ChunkSize, FileSize: 2 * Align,
		Digest: strings.Repeat("0", 64), unknown: unknown,
	}
	head, err := h.encode(Align)
	if err != nil {
		t.Fatal(err)
	}
	read, length, err := parseHeader(head)
	if err != nil || read != h {
		t.Fatalf("got %+v, %v; want %+v", read, err, h)
	}
	for _, description := range []string{"short", strings.Repeat("long ", 1000)} {
		changed, head, err := (&File{Header: read, HeaderLen: length}).EditHeader(EditableFields{Name: "b", Description: description, Pinned: true})
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := parseHeader(head)
		if err != nil || again != changed || again.unknown != unknown {
			t.Errorf("%.10s: got %+v, %v; want the unknown members %s", description, again, err, unknown)
		}
	}
}
