package gzfile

import (
	"context"
	"crypto/sha256"

	"vmterminal/snapshot/diskfile"
)

// Range is a part of a disk, in bytes; End is the first byte after it.
type Range struct{ Start, End int64 }

// samples is how many unchanged chunks are read all the same, to see whether
// what is said of changes can be believed.
const samples = 8

// Know tells the base which parts of a disk of size bytes may have changed since
// it was taken; all others have not. Write then does not read these. Nothing
// rests on it where it is seen to be wrong: see Doubted.
func (b *Base) Know(size int64, changed []Range) {
	if size != b.Index.Size {
		return
	}
	b.changed = make([]bool, Chunks(size))
	for _, r := range changed {
		for at := max(0, r.Start) / ChunkSize; at*ChunkSize < min(r.End, size); at++ {
			b.changed[at] = true
		}
	}
}

// unchanged tells whether the chunk is known to be as it was in the base.
func (b *Base) unchanged(chunk int64) bool { return b != nil && b.changed != nil && !b.changed[chunk] }

// doubt looks for what contradicts the changes that are known, and forgets them
// if it finds something: a chunk that has not changed and had data has it still,
// and some of these, and of those that were zeros, are read and compared.
func (b *Base) doubt(ctx context.Context, src Source, plan *Plan) error {
	if b == nil || b.changed == nil {
		return nil
	}
	data, zero := b.same(plan)
	if len(data) < b.unchangedEntries() {
		b.forget()
		return nil
	}
	for _, list := range [][]span{data, zero} {
		for i := range min(samples, len(list)) {
			if err := ctx.Err(); err != nil {
				return err
			}
			holds, err := b.holds(src, list[i*len(list)/min(samples, len(list))])
			if err != nil {
				return err
			}
			if !holds {
				b.forget()
				return nil
			}
		}
	}
	return nil
}

// same returns where there is data in chunks that have not changed: in those that
// the base has, and in those that were zeros.
func (b *Base) same(plan *Plan) (data, zero []span) {
	for _, s := range plan.spans {
		switch {
		case !b.unchanged(s.chunk):
		case b.find(s.chunk) != nil:
			data = append(data, s)
		default:
			zero = append(zero, s)
		}
	}
	return data, zero
}

func (b *Base) unchangedEntries() (n int) {
	for i := range b.Index.Entries {
		if b.unchanged(b.Index.Entries[i].Chunk) {
			n++
		}
	}
	return n
}

// holds reads a chunk and tells whether it is as it was.
func (b *Base) holds(src Source, s span) (bool, error) {
	content := make([]byte, chunkLen(src.Size(), s.chunk))
	if err := s.read(src, content); err != nil {
		return false, err
	}
	e := b.find(s.chunk)
	if e == nil {
		return diskfile.DataBytes(content) == 0, nil
	}
	return sha256.Sum256(content) == e.SHA256, nil
}

func (b *Base) forget() { b.changed, b.Doubted = nil, true }

// again fills in the job of a chunk that has not changed, which then need not
// be read.
func (b *Base) again(j *chunkJob) bool {
	if !b.unchanged(j.chunk) {
		return false
	}
	e := b.find(j.chunk)
	if e != nil && !b.take(j, e) {
		return false
	}
	if e != nil {
		j.data = int64(e.Data)
	}
	j.unread = true
	return true
}
