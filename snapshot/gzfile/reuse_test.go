package gzfile

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"go.uber.org/goleak"
)

// again writes the snapshot file of src with a base.
func again(t *testing.T, src Source, base *Base, workers int) *memory {
	t.Helper()
	out := &memory{}
	writeAgain(t, out, src, base, workers)
	return out
}

// writeAgain is like again, but writes to out.
func writeAgain(t *testing.T, out *memory, src Source, base *Base, workers int) (Header, *Index) {
	t.Helper()
	plan, err := NewPlan(context.Background(), src)
	if err != nil {
		t.Fatal(err)
	}
	h, x, err := Write(context.Background(), out, src, plan, header("n"), Options{Workers: workers, Base: base})
	if err != nil {
		t.Fatal(err)
	}
	return h, x
}

func baseOf(t *testing.T, src Source) (*memory, *Base) {
	t.Helper()
	out, h, x := written(t, src, 0)
	f, err := Open(out, h.FileSize)
	if err != nil {
		t.Fatal(err)
	}
	return out, &Base{File: f, Index: x}
}

// later returns a disk before and after changes: one chunk changed, one became zeros, and one
// that was zeros became data.
func later() (before, after *memory) {
	before = place(6*mib+700, map[int][]byte{0: text(1, 9000), mib: random(1, 9000), 3 * mib: text(2, mib+9000), 6 * mib: text(3, 700)})
	after = &memory{b: bytes.Clone(before.b)}
	after.b[3*mib+5]++
	clear(after.b[mib : 2*mib])
	copy(after.b[5*mib:], text(4, 3000))
	return before, after
}

func TestReuseGivesTheSameFile(t *testing.T) {
	defer goleak.VerifyNone(t)
	before, after := later()
	want, _, wantIndex := written(t, after, 0)
	var unchanged int64
	for _, e := range wantIndex.Entries {
		if e.Chunk == 0 || e.Chunk == 4 || e.Chunk == 6 {
			unchanged += int64(e.Length)
		}
	}
	for way, counts := range map[string][]int{"no sharing": {2}, "cannot share": {2}, "shares": {1, 16}} {
		for _, workers := range counts {
			file, base := baseOf(t, before)
			out := &memory{}
			switch way {
			case "cannot share":
				base.Cloner = &Cloner{Clone: func(int64, int64, int64) error { return errors.ErrUnsupported }}
			case "shares":
				base.Cloner = &Cloner{NewFile: out, Clone: func(to, from, n int64) error {
					if to%Align != 0 || from%Align != 0 || n%Align != 0 {
						t.Errorf("got a clone of %d bytes to %d from %d, want multiples of Align", n, to, from)
					}
					_, err := out.WriteAt(file.b[from:from+n], to)
					return err
				}}
			}
			writeAgain(t, out, after, base, workers)
			if !bytes.Equal(out.b, want.b) {
				t.Errorf("%s, %d workers: got a different file than without a base", way, workers)
			}
			if shared := base.Shared == unchanged; base.Reused != unchanged || shared != (way == "shares") || base.DamagedChunks != nil {
				t.Errorf("%s, %d workers: got %d reused, %d shared, want %d; bad %v", way, workers, base.Reused, base.Shared, unchanged, base.DamagedChunks)
			}
		}
	}
}

// TestReuseOfOtherSizes uses bases of smaller and larger disks.
func TestReuseOfOtherSizes(t *testing.T) {
	whole := bytes.Repeat(text(1, 4096), 3*mib/4096)
	for _, sizes := range [][2]int{{3*mib - 100, 3 * mib}, {3 * mib, mib + 100}, {0, mib}, {mib, 0}, {mib, 2 * mib}} {
		_, base := baseOf(t, &memory{b: whole[:sizes[0]]})
		src := &memory{b: whole[:sizes[1]]}
		want, _, _ := written(t, src, 0)
		out := again(t, src, base, 0)
		if !bytes.Equal(out.b, want.b) {
			t.Errorf("from %d to %d bytes: got a different file than without a base", sizes[0], sizes[1])
		}
		if chunks := min(sizes[0], sizes[1]) / mib; (base.Reused > 0) != (chunks > 0) {
			t.Errorf("from %d to %d bytes: got %d reused bytes", sizes[0], sizes[1], base.Reused)
		}
	}
}

// TestReuseDoesNotSpreadDamage damages a segment of the base, or cuts the base within it.
func TestReuseDoesNotSpreadDamage(t *testing.T) {
	before, _ := later()
	want, _, _ := written(t, before, 0)
	for i := range 4 {
		cut, clones := i&1 > 0, i&2 > 0
		file, base := baseOf(t, before)
		bad := base.Index.Entries[1]
		file.b[bad.Offset+int64(bad.Length)/2] ^= 1
		chunks := []int64{bad.Chunk}
		if cut {
			file.b = file.b[:bad.Offset+10]
			chunks = nil
			for _, e := range base.Index.Entries[1:] {
				chunks = append(chunks, e.Chunk)
			}
		}
		out := &memory{}
		if clones {
			base.Cloner = &Cloner{NewFile: out, Clone: func(to, from, n int64) error {
				if from+n > file.Size() {
					return errors.ErrUnsupported
				}
				_, err := out.WriteAt(file.b[from:from+n], to)
				return err
			}}
		}
		writeAgain(t, out, before, base, 2)
		if !bytes.Equal(out.b, want.b) || !slices.Equal(base.DamagedChunks, chunks) {
			t.Errorf("cut %v, clones %v: got another file or bad chunks %v, want %v", cut, clones, base.DamagedChunks, chunks)
		}
	}
}

func TestSharingFails(t *testing.T) {
	defer goleak.VerifyNone(t)
	before, _ := later()
	_, base := baseOf(t, before)
	base.Cloner = &Cloner{Clone: func(int64, int64, int64) error { return errBroken }}
	plan, err := NewPlan(context.Background(), before)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Write(context.Background(), &memory{}, before, plan, header("n"), Options{Base: base}); !errors.Is(err, errBroken) {
		t.Errorf("Write: got error %v, want error %v", err, errBroken)
	}
}
