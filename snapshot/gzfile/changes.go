package gzfile

import (
	"context"
	"crypto/sha256"

	"vmterminal/snapshot/diskfile"
)

// A Range is a part of a disk, in bytes. End is the offset of the first byte after it.
type Range struct{ Start, End int64 }

// maxSamples is the maximum number of unchanged chunks with data that are read to check the
// list of changes. The same limit applies to unchanged chunks without data.
const maxSamples = 8

// SetChanges lists the parts of the disk that may have changed since the base was created.
// Write reads only a few samples of the other parts, unless it finds the list to be wrong;
// see ChangesWrong. size is the size of the disk in bytes. If the base has another size,
// the list is ignored.
func (b *Base) SetChanges(size int64, changed []Range) {
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

// isUnchanged reports whether the chunk is known to be the same as in the base.
func (b *Base) isUnchanged(chunk int64) bool {
	return b != nil && b.changed != nil && !b.changed[chunk]
}

// checkChanges discards the list of changes if the disk contradicts it. Every unchanged
// chunk with data in the base must still have data, and samples of the unchanged chunks,
// with and without data, are read and compared.
func (b *Base) checkChanges(ctx context.Context, src Source, plan *Plan) error {
	if b == nil || b.changed == nil {
		return nil
	}
	data, zero := b.unchangedSpans(plan)
	if len(data) < b.countUnchanged() {
		b.changed, b.ChangesWrong = nil, true
		return nil
	}
	for _, list := range [][]span{data, zero} {
		for i := range min(maxSamples, len(list)) {
			if err := ctx.Err(); err != nil {
				return err
			}
			same, err := b.spanMatches(src, list[i*len(list)/min(maxSamples, len(list))])
			if err != nil {
				return err
			}
			if !same {
				b.changed, b.ChangesWrong = nil, true
				return nil
			}
		}
	}
	return nil
}

// unchangedSpans returns the spans of the unchanged chunks: those with data in the base,
// and those that are zeros there.
func (b *Base) unchangedSpans(plan *Plan) (data, zero []span) {
	for _, s := range plan.spans {
		switch {
		case !b.isUnchanged(s.chunk):
		case b.findEntry(s.chunk) != nil:
			data = append(data, s)
		default:
			zero = append(zero, s)
		}
	}
	return data, zero
}

// countUnchanged returns the number of unchanged chunks with data in the base.
func (b *Base) countUnchanged() (n int) {
	for i := range b.Index.Entries {
		if b.isUnchanged(b.Index.Entries[i].Chunk) {
			n++
		}
	}
	return n
}

// spanMatches reads a chunk and reports whether it has the same content as in the base.
func (b *Base) spanMatches(src Source, s span) (bool, error) {
	content := make([]byte, chunkLen(src.Size(), s.chunk))
	if err := s.read(src, content); err != nil {
		return false, err
	}
	e := b.findEntry(s.chunk)
	if e == nil {
		return diskfile.DataBytes(content) == 0, nil
	}
	return sha256.Sum256(content) == e.SHA256, nil
}

// reuseUnread fills in the job of an unchanged chunk without reading the chunk, and
// reports whether it could.
func (b *Base) reuseUnread(j *chunkJob) bool {
	if !b.isUnchanged(j.chunk) {
		return false
	}
	e := b.findEntry(j.chunk)
	if e != nil && !b.reuseEntry(j, e) {
		return false
	}
	if e != nil {
		j.data = int64(e.Data)
	}
	j.unread = true
	return true
}
