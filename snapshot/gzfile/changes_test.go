package gzfile

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// watched is a disk that records which of its chunks are read.
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

// whatChanged lists the changes between the two disks that later returns. It also lists
// chunk 4, which was overwritten with the same content.
var whatChanged = []Range{{mib + 7, mib + 8}, {3*mib + 5, 3*mib + 6}, {4 * mib, 4*mib + 1}, {5 * mib, 5*mib + 3000}}

func TestUnchangedChunksAreNotRead(t *testing.T) {
	defer goleak.VerifyNone(t)
	before, after := later()
	before.data = nil
	// Add unchanged chunks: many with data, one with allocated zeros.
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
		base.SetChanges(after.Size(), whatChanged)
		disk := watch(after)
		disk.data = nil
		if out := again(t, disk, base, workers); !bytes.Equal(out.b, want.b) {
			t.Error("got a different file than from reading the whole disk")
		}
		for _, r := range whatChanged {
			if !disk.read[r.Start/mib] {
				t.Errorf("chunk %d, which has changed, was not read", r.Start/mib)
			}
		}
		if most := len(whatChanged) + maxSamples + 3; len(disk.read) > most || base.ChangesWrong {
			t.Errorf("%d chunks were read, want at most %d; ChangesWrong = %v, want false", len(disk.read), most, base.ChangesWrong)
		}
		if whole := int64(len(after.b) - len(whatChanged)*mib); base.Unread != whole {
			t.Errorf("got %d unread bytes, want %d", base.Unread, whole)
		}
	}
}

// TestWrongChangesAreDetected uses lists of changes that contradict the disk. The file must
// be right nevertheless.
func TestWrongChangesAreDetected(t *testing.T) {
	before, after := later()
	want, _, _ := written(t, after, 0)
	for name, c := range map[string]struct {
		size   int64
		ranges []Range
		data   [][2]int64
		wrong  bool
	}{
		"chunk missing from the list": {after.Size(), whatChanged[:1], nil, true},
		"data in place of zeros":      {after.Size(), []Range{{mib, 5 * mib}}, nil, true},
		"hole in place of data":       {after.Size(), []Range{{0, 3 * mib}}, [][2]int64{{0, 3 * mib}, {5 * mib, after.Size()}}, true},
		"other size":                  {after.Size() + 1, nil, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			disk, want := memory{b: bytes.Clone(after.b)}, want
			if disk.data = c.data; c.data != nil {
				clear(disk.b[3*mib : 5*mib])
				want, _, _ = written(t, &disk, 0)
			}
			_, base := baseOf(t, before)
			base.SetChanges(c.size, c.ranges)
			if out := again(t, &disk, base, 2); !bytes.Equal(out.b, want.b) {
				t.Error("got a wrong file")
			}
			if base.ChangesWrong != c.wrong || base.Unread != 0 {
				t.Errorf("got ChangesWrong %v, Unread %d; want %v, 0", base.ChangesWrong, base.Unread, c.wrong)
			}
		})
	}
}

// TestUnchangedChunkOfDamagedBase checks that damage in the base does not spread.
func TestUnchangedChunkOfDamagedBase(t *testing.T) {
	before, _ := later()
	want, _, _ := written(t, before, 0)
	file, base := baseOf(t, before)
	e := base.Index.Entries[len(base.Index.Entries)-1]
	file.b[e.Offset+20] ^= 1
	base.SetChanges(before.Size(), nil)
	if out := again(t, before, base, 2); !bytes.Equal(out.b, want.b) {
		t.Error("got a wrong file")
	}
	if len(base.DamagedChunks) != 1 || base.DamagedChunks[0] != e.Chunk {
		t.Errorf("got bad chunks %v, want [%d]", base.DamagedChunks, e.Chunk)
	}
}

func TestCheckChangesCanceled(t *testing.T) {
	before, _ := later()
	_, base := baseOf(t, before)
	plan, err := NewPlan(context.Background(), before)
	if err != nil {
		t.Fatal(err)
	}
	base.SetChanges(before.Size(), nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := base.checkChanges(ctx, before, plan); err == nil {
		t.Error("got no error after cancellation")
	}
}
