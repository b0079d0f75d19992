package gzfile

import (
	"bytes"
	"context"
	"slices"
	"testing"
)

// cloneTo returns a Cloner from older to newer. For each clone it calls the functions
// before and after with the part of older that is cloned.
func cloneTo(newer, older *memory, before, after func(part []byte)) *Cloner {
	return &Cloner{NewFile: newer, Clone: func(to, from, n int64) error {
		part := older.b[from : from+n]
		before(part)
		_, err := newer.WriteAt(part, to)
		after(part)
		return err
	}}
}

// writers simulate other processes that write to the older file, just before and just after
// each clone.
var writers = map[string]func() (before, after func(part []byte)){
	"none": func() (before, after func([]byte)) {
		return func([]byte) {}, func([]byte) {}
	},
	"changes every part": func() (before, after func([]byte)) {
		flip := func(part []byte) { part[len(part)/2] ^= 1 }
		return flip, flip
	},
	"changes one part": func() (before, after func([]byte)) {
		n := 0
		return func(part []byte) {
				if n++; n == 2 {
					clear(part)
				}
			}, func(part []byte) {
				if n == 2 {
					copy(part, bytes.Repeat([]byte("x"), len(part)))
				}
			}
	},
}

// TestClonesAreChecked changes the older file just before and just after clones.
func TestClonesAreChecked(t *testing.T) {
	for name, writer := range writers {
		t.Run("disk that is present/"+name, func(t *testing.T) { checkPresentDisk(t, writer) })
		t.Run("snapshot that is reused/"+name, func(t *testing.T) { checkReuse(t, name, writer) })
	}
}

func checkPresentDisk(t *testing.T, writer func() (before, after func([]byte))) {
	t.Helper()
	disk, _ := later()
	file, h, x := written(t, disk, 0)
	f, err := Open(file, h.FileSize)
	if err != nil {
		t.Fatal(err)
	}
	old := &memory{b: bytes.Clone(disk.b)}
	present, err := NewPresentDisk(context.Background(), old)
	if err != nil {
		t.Fatal(err)
	}
	back := &memory{b: make([]byte, len(disk.b))}
	before, after := writer()
	present.Cloner, present.Overwrite = cloneTo(back, old, before, after), back.sink
	if err := f.Decode(context.Background(), x, back.sink, Options{Workers: 1, Present: present}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(back.b, disk.b) {
		t.Error("got a disk that differs from the snapshot's")
	}
}

func checkReuse(t *testing.T, name string, writer func() (before, after func([]byte))) {
	t.Helper()
	disk := place(6*mib, map[int][]byte{0: text(1, mib), 2 * mib: random(1, mib), 4 * mib: text(2, 9000)})
	want, h, _ := written(t, disk, 0)
	file, base := baseOf(t, disk)
	out := &memory{}
	before, after := writer()
	base.Cloner = cloneTo(out, file, before, after)
	made, _ := writeAgain(t, out, disk, base, 1)
	if made != h || !bytes.Equal(out.b[:made.FileSize], want.b) {
		t.Error("got a different file than without cloning")
	}
	bad := map[string][]int64{"changes every part": {0, 2, 4}, "changes one part": {2}}[name]
	if !slices.Equal(base.DamagedChunks, bad) {
		t.Errorf("got damaged chunks %v, want %v", base.DamagedChunks, bad)
	}
}

// TestCloneBeyondEnd recompresses the last segment, which becomes shorter, so the discarded
// clone of the old segment extends past the end of the file.
func TestCloneBeyondEnd(t *testing.T) {
	noise := &memory{b: random(1, mib)}
	file, base := baseOf(t, noise)
	out := &memory{}
	flip := func(part []byte) { part[0] ^= 1 }
	base.Cloner = cloneTo(out, file, flip, flip)
	// The list of changes is wrong in a way that sampling does not detect; the new file must
	// still be consistent.
	base.SetChanges(mib, nil)
	src := &changingDisk{memory: noise, readsLeft: 1, laterContent: bytes.Repeat([]byte("a"), mib)}
	h, x := writeAgain(t, out, src, base, 1)
	if out.Size() <= h.FileSize {
		t.Fatalf("got a target of %d bytes, want more than the FileSize %d", out.Size(), h.FileSize)
	}
	f, err := Open(&memory{b: out.b[:h.FileSize]}, h.FileSize)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Verify(context.Background(), x, Options{}); err != nil {
		t.Error(err)
	}
}

// changingDisk is a disk whose content changes after a number of reads.
type changingDisk struct {
	*memory
	readsLeft    int
	laterContent []byte
}

func (c *changingDisk) ReadAt(p []byte, off int64) (int, error) {
	if c.readsLeft--; c.readsLeft >= 0 {
		return c.memory.ReadAt(p, off)
	}
	return bytes.NewReader(c.laterContent).ReadAt(p, off)
}
