package gzfile

import (
	"context"
	"crypto/sha256"
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
// and some of these are read and compared.
func (b *Base) doubt(ctx context.Context, src Source, plan *Plan) error {
	if b == nil || b.changed == nil {
		return nil
	}
	var same []span // of chunks that must be as they were
	spans := plan.spans
	for i := range b.Index.Entries {
		chunk := b.Index.Entries[i].Chunk
		if b.changed[chunk] {
			continue
		}
		for len(spans) > 0 && spans[0].chunk < chunk {
			spans = spans[1:]
		}
		if len(spans) == 0 || spans[0].chunk != chunk {
			b.forget()
			return nil
		}
		same = append(same, spans[0])
	}
	buf := make([]byte, ChunkSize)
	for i := range min(samples, len(same)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		s := same[i*len(same)/min(samples, len(same))]
		content := buf[:chunkLen(plan.size, s.chunk)]
		if err := s.read(src, content); err != nil {
			return err
		}
		if sha256.Sum256(content) != b.find(s.chunk).SHA256 {
			b.forget()
			return nil
		}
	}
	return nil
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
