package gzfile

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// watched is a disk that tells which chunks of it are read.
type watched struct {
	*memory
	mu   sync.Mutex
	read map[int64]bool
}

func watch(m *memory) *watched { return &watched{memory: m, read: map[int64]bool{}} }

func (w *watched) ReadAt(p []byte, off int64) (int, error) {
	w.mu.Lock()
	w.read[off/ChunkSize] = true
	w.mu.Unlock()
	return w.memory.ReadAt(p, off)
}

// whatChanged tells the truth about later's disks, and a little more: chunk 4
// was written to with what it had.
var whatChanged = []Range{{mib + 7, mib + 8}, {3*mib + 5, 3*mib + 6}, {4 * mib, 4*mib + 1}, {5 * mib, 5*mib + 3000}}

func TestUnchangedChunksAreNotRead(t *testing.T) {
	defer goleak.VerifyNone(t)
	before, after := later()
	before.data = nil
	// Chunks that change nothing: many with data, one with allocated zeros.
	for i := range 14 {
		more := append(random(uint64(i+9), mib-100), make([]byte, 100)...)
		if i == 7 {
			clear(more)
		}
		for _, disk := range []*memory{before, after} {
			disk.b = append(disk.b[:len(disk.b):len(disk.b)], make([]byte, (mib-len(disk.b)%mib)%mib)...)
			disk.b = append(disk.b, more...)
		}
	}
	want, _, _ := written(t, after, 0)
	for _, workers := range []int{1, 16} {
		_, base := baseOf(t, before)
		base.Know(after.Size(), whatChanged)
		disk := watch(after)
		disk.data = nil
		if out := again(t, disk, base, workers); !bytes.Equal(out.b, want.b) {
			t.Error("the file differs from one of which all was read")
		}
		for _, r := range whatChanged {
			if !disk.read[r.Start/mib] {
				t.Errorf("chunk %d has changed and was not read", r.Start/mib)
			}
		}
		if most := len(whatChanged) + samples + 3; len(disk.read) > most || base.Doubted {
			t.Errorf("%d chunks were read, want at most %d; doubted: %v", len(disk.read), most, base.Doubted)
		}
		if whole := int64(len(after.b) - len(whatChanged)*mib); base.Unread != whole {
			t.Errorf("unread %d bytes, want %d", base.Unread, whole)
		}
	}
}

// TestWrongChangesAreNotBelieved: what is said of changes is wrong in ways that
// can be seen; the file is right all the same.
func TestWrongChangesAreNotBelieved(t *testing.T) {
	before, after := later()
	want, _, _ := written(t, after, 0)
	for name, c := range map[string]struct {
		size    int64
		ranges  []Range
		data    [][2]int64
		doubted bool
	}{
		"a chunk changed all the same": {after.Size(), whatChanged[:1], nil, true},
		"data where there was none":    {after.Size(), []Range{{mib, 5 * mib}}, nil, true},
		"a hole where data was":        {after.Size(), []Range{{0, 3 * mib}}, [][2]int64{{0, 3 * mib}, {5 * mib, after.Size()}}, true},
		"of another size":              {after.Size() + 1, nil, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			disk, want := memory{b: bytes.Clone(after.b)}, want
			if disk.data = c.data; c.data != nil {
				clear(disk.b[3*mib : 5*mib])
				want, _, _ = written(t, &disk, 0)
			}
			_, base := baseOf(t, before)
			base.Know(c.size, c.ranges)
			if out := again(t, &disk, base, 2); !bytes.Equal(out.b, want.b) {
				t.Error("the file is wrong")
			}
			if base.Doubted != c.doubted || base.Unread != 0 {
				t.Errorf("doubted %v, unread %d", base.Doubted, base.Unread)
			}
		})
	}
}

// TestUnchangedChunkOfADamagedBase: damage in the base does not spread.
func TestUnchangedChunkOfADamagedBase(t *testing.T) {
	before, _ := later()
	want, _, _ := written(t, before, 0)
	file, base := baseOf(t, before)
	e := base.Index.Entries[len(base.Index.Entries)-1]
	file.b[e.Offset+20] ^= 1
	base.Know(before.Size(), nil)
	if out := again(t, before, base, 2); !bytes.Equal(out.b, want.b) {
		t.Error("the file is wrong")
	}
	if len(base.Bad) != 1 || base.Bad[0] != e.Chunk {
		t.Errorf("bad chunks %v, want %d", base.Bad, e.Chunk)
	}
}

func TestDoubtEndsWithItsContext(t *testing.T) {
	before, _ := later()
	_, base := baseOf(t, before)
	plan, err := NewPlan(context.Background(), before)
	if err != nil {
		t.Fatal(err)
	}
	base.Know(before.Size(), nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := base.doubt(ctx, before, plan); err == nil {
		t.Error("it went on")
	}
}
