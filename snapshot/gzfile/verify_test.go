package gzfile

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
)

// opened returns the file and its index.
func opened(t *testing.T, src Source) (*memory, *File, *Index) {
	t.Helper()
	out, _, x := written(t, src, 2)
	f, err := Open(out, out.Size())
	if err != nil {
		t.Fatal(err)
	}
	return out, f, x
}

func TestVerifyReadsEveryByte(t *testing.T) {
	for name, disk := range disks() {
		out, f, x := opened(t, disk)
		for how, index := range map[string]*Index{"chunks": x, "stream": nil} {
			var done atomic.Int64
			err := f.Verify(context.Background(), index, Options{Add: func(n int64) { done.Add(n) }})
			if err != nil || done.Load() != out.Size() {
				t.Errorf("%s, %s: %d of %d bytes, %v", name, how, done.Load(), out.Size(), err)
			}
		}
		var copied bytes.Buffer
		if err := f.CopyTo(context.Background(), &copied, Options{}); err != nil || !bytes.Equal(copied.Bytes(), out.b) {
			t.Errorf("%s: copied %d bytes, %v", name, copied.Len(), err)
		}
	}
}

// TestVerifyFindsEveryFlip flips a bit here and there behind the header: in data
// and zero segments, in padding and in the end.
func TestVerifyFindsEveryFlip(t *testing.T) {
	out, f, x := opened(t, place(10*mib+512, map[int][]byte{512: text(2, 1024), 7*mib - 512: random(3, 30000), 10 * mib: text(4, 512)}))
	// About two in each zero segment, and not always the same place of a page.
	const step = 2049
	for at := int(f.HeaderLen()); at < len(out.b); at += step {
		out.b[at] ^= 4
		if err := f.CopyTo(context.Background(), io.Discard, Options{}); !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d, quick: %v", at, err)
		}
		for how, index := range map[string]*Index{"chunks": x, "stream": nil} {
			if err := f.Verify(context.Background(), index, Options{Workers: 2}); !errors.Is(err, ErrDamaged) {
				t.Errorf("byte %d, %s: %v", at, how, err)
			}
		}
		out.b[at] ^= 4
	}
}

func TestVerifyTellsTheFirstBadChunk(t *testing.T) {
	out, f, x := opened(t, &memory{b: random(1, 12*mib)})
	for _, bad := range []int{11, 7, 5, 6, 3} {
		out.b[x.Entries[bad].Offset+100] ^= 1
		err := f.Verify(context.Background(), x, Options{Workers: 16})
		var d *Damage
		first := int64(bad)
		if bad == 6 {
			first = 5
		}
		if !errors.As(err, &d) || d.Chunk != first {
			t.Errorf("with %d bad: %v", bad, err)
		}
	}
}

func TestVerifyEndsWithItsContext(t *testing.T) {
	_, f, x := opened(t, disks()["all hole"])
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range []error{f.Verify(ctx, x, Options{}), f.Verify(ctx, nil, Options{}), f.CopyTo(ctx, io.Discard, Options{})} {
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

func TestRehead(t *testing.T) {
	out, f, x := opened(t, &memory{b: text(1, 2*mib)})
	body := bytes.Clone(out.b[f.HeaderLen():])
	for name, c := range map[string]struct {
		description string
		longer      int64
		err         error
	}{
		"none": {"", 0, nil}, "short": {"x", 0, nil}, "longer": {strings.Repeat(`"`, 3000), Align, nil},
		"longest": {strings.Repeat(`"`, 5000), 2 * Align, nil}, "too long": {strings.Repeat("x", 3*Align), 0, ErrTooLong},
	} {
		h, head, err := f.Rehead("other", c.description, true)
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		same := h.ID == f.Header.ID && h.Digest == f.Header.Digest && h.Size == f.Header.Size && h.BodyCRC == f.Header.BodyCRC
		if h.FileSize != out.Size()+c.longer || !same || int64(len(head)) != f.HeaderLen()+c.longer {
			t.Errorf("%s: %+v, %d bytes", name, h, len(head))
		}
		whole := &memory{b: append(head, body...)}
		again, err := Open(whole, whole.Size())
		if err != nil || again.Header != h || h.Name != "other" || h.Description != c.description || !h.Pinned {
			t.Fatalf("%s: %+v, %v", name, h, err)
		}
		b, err := x.Moved(c.longer).Bytes()
		if err != nil {
			t.Fatal(err)
		}
		moved, err := ReadIndex(bytes.NewReader(b), h)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := again.Verify(context.Background(), moved, Options{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
