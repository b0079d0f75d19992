package gzfile

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
)

// countingReader counts the reads at each offset, and can be made to fail.
type countingReader struct {
	io.ReaderAt
	reads atomic.Int64
	fail  atomic.Bool
}

func (c *countingReader) ReadAt(p []byte, off int64) (int, error) {
	if c.fail.Load() {
		return 0, errBroken
	}
	c.reads.Add(1)
	return c.ReaderAt.ReadAt(p, off)
}

// openDiskReader writes a snapshot file of src and returns a DiskReader for it.
func openDiskReader(t *testing.T, src Source, cache int) (*DiskReader, *memory, *countingReader) {
	t.Helper()
	out, _, x := written(t, src, 2)
	counted := &countingReader{ReaderAt: out}
	f, err := Open(counted, out.Size())
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.NewDiskReader(x, cache)
	if err != nil {
		t.Fatal(err)
	}
	counted.reads.Store(0)
	return r, out, counted
}

func TestDiskReaderReadsAnyPart(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for name, disk := range disks() {
		r, _, _ := openDiskReader(t, disk, 2)
		if r.Size() != disk.Size() {
			t.Errorf("%s: got size %d, want %d", name, r.Size(), disk.Size())
		}
		for range 15 {
			off := rnd.Int64N(disk.Size() + 2)
			p, want := make([]byte, 1+rnd.IntN(2*mib)), make([]byte, 2*mib)
			want = want[:len(p)]
			gotN, gotErr := r.ReadAt(p, off)
			wantN, wantErr := disk.ReadAt(want, off)
			if gotN != wantN || !errors.Is(gotErr, wantErr) || !bytes.Equal(p[:gotN], want[:wantN]) {
				t.Fatalf("%s: read %d bytes at %d: got %d, %v; want %d, %v and equal bytes", name, len(p), off, gotN, gotErr, wantN, wantErr)
			}
		}
	}
}

func TestDiskReaderNextDataCoversAllData(t *testing.T) {
	for name, disk := range disks() {
		r, _, _ := openDiskReader(t, disk, 2)
		holes := bytes.Clone(disk.b)
		for at := int64(0); at < r.Size(); {
			start, end, err := r.NextData(at)
			if err != nil || start < at || end > r.Size() || end <= start && start != r.Size() {
				t.Fatalf("%s: NextData(%d) = %d, %d, %v", name, at, start, end, err)
			}
			clear(holes[start:end])
			at = end
		}
		if !bytes.Equal(holes, make([]byte, len(holes))) {
			t.Errorf("%s: a hole contains data", name)
		}
	}
}

func TestDiskReaderDecompressesOnce(t *testing.T) {
	r, _, file := openDiskReader(t, place(8*mib, map[int][]byte{mib: text(1, 3*mib)}), 3)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := r.ReadAt(make([]byte, 8*mib), 0); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := file.reads.Load(); got != 3 {
		t.Errorf("16 concurrent reads of 3 chunks read %d segments, want 3", got)
	}
}

func TestDiskReaderCacheIsBounded(t *testing.T) {
	r, _, file := openDiskReader(t, &memory{b: text(1, 8*mib)}, 2)
	for range 2 {
		if _, err := r.ReadAt(make([]byte, 8*mib), 0); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.chunks) != 2 || r.used.Len() != 2 {
		t.Errorf("got %d and %d chunks in a cache of 2", len(r.chunks), r.used.Len())
	}
	before := file.reads.Load()
	if _, err := r.ReadAt(make([]byte, 1), 7*mib); err != nil {
		t.Fatal(err)
	}
	if got := file.reads.Load(); got != before {
		t.Errorf("reading the chunk used last read %d segments, want 0", got-before)
	}
}

func TestDiskReaderFindsDamage(t *testing.T) {
	r, file, _ := openDiskReader(t, &memory{b: text(1, 4*mib)}, 4)
	at := r.x.Entries[2].Offset + 1000
	file.b[at] ^= 1
	_, err := r.ReadAt(make([]byte, 10), 2*mib+5)
	var damage *Damage
	if !errors.As(err, &damage) || damage.Chunk != 2 {
		t.Errorf("damaged chunk 2: got %v, want a *Damage of chunk 2", err)
	}
	p := make([]byte, mib)
	if _, err := r.ReadAt(p, 3*mib); err != nil || !bytes.Equal(p, text(1, 4*mib)[3*mib:]) {
		t.Errorf("intact chunk 3: got %v, or other bytes", err)
	}
	file.b[at] ^= 1
	if _, err := r.ReadAt(p, 2*mib); err != nil || !bytes.Equal(p, text(1, 4*mib)[2*mib:3*mib]) {
		t.Errorf("chunk 2 after the repair: got %v, or other bytes", err)
	}
}

func TestDiskReaderRetriesAfterError(t *testing.T) {
	r, _, file := openDiskReader(t, &memory{b: text(1, mib)}, 1)
	file.fail.Store(true)
	if _, err := r.ReadAt(make([]byte, 10), 0); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want %v", err, errBroken)
	}
	file.fail.Store(false)
	if _, err := r.ReadAt(make([]byte, 10), 0); err != nil {
		t.Errorf("second read: got %v, want none", err)
	}
}

func TestDiskReaderRejectsIndexOfOtherContent(t *testing.T) {
	_, f, x := opened(t, &memory{b: text(1, 2*mib)})
	x.Entries[0].CRC++
	if _, err := f.NewDiskReader(x, 1); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v, want %v", err, ErrDamaged)
	}
}
