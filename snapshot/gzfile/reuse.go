package gzfile

import (
	"errors"

	"vmterminal/app/ondisk/guard"
)

// Base is an earlier snapshot file of the same disk, whose segments Write uses
// again for the chunks that have not changed. Its bytes are read and compared
// with their CRC-32C each time, so that damage in it never spreads: what fails
// is compressed anew. The new file is the same with and without a base, unless
// the base was compressed at another level. The file may be removed meanwhile,
// as long as it stays open.
type Base struct {
	File *File
	// Index is what ReadIndex or Scan made for File.
	Index *Index
	// Share makes n bytes of the new file at off the same blocks as those of
	// this one at from; all three are multiples of Align. It may be nil, or fail
	// with errors.ErrUnsupported: then the bytes that were checked are written.
	Share func(off, from, n int64) error

	// Filled in by Write.
	Reused  int64   // bytes of segments that were used again
	Shared  int64   // what of these was shared
	Bad     []int64 // chunks whose segments no longer hold
	Unread  int64   // bytes of the disk's data that were not read; see Know
	Doubted bool    // what was said of changes was wrong: all was read

	changed []bool // by chunk; nil: not known
}

// find returns the base's entry of a chunk, nil if it has none.
func (b *Base) find(chunk int64) *Entry {
	if b == nil {
		return nil
	}
	return b.Index.find(chunk)
}

// find returns the entry of a chunk, nil if it is zeros.
func (x *Index) find(chunk int64) *Entry {
	low, high := 0, len(x.Entries)
	for low < high {
		if mid := (low + high) / 2; x.Entries[mid].Chunk < chunk {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low == len(x.Entries) || x.Entries[low].Chunk != chunk {
		return nil
	}
	return &x.Entries[low]
}

// reuse fills in the job from the base if the chunk has the same SHA-256 there.
func (b *Base) reuse(j *chunkJob, sum [32]byte) bool {
	e := b.find(j.chunk)
	return e != nil && (sum == e.SHA256 || !guard.On(guard.ReuseDigest)) && b.take(j, e)
}

// take fills in the job from an entry of the base, if its segment still holds.
func (b *Base) take(j *chunkJob, e *Entry) bool {
	if cap(j.segment) < maxSegment {
		j.segment = make([]byte, 0, maxSegment)
	}
	j.segment = j.segment[:e.Length]
	// A base that cannot be read is as bad as one that has changed.
	if err := b.File.segment(j.segment, e); err != nil {
		j.bad = true
		return false
	}
	j.from, j.entry = e, *e
	return true
}

// putAgain puts a segment of the base.
func (w *writer) putAgain(j *chunkJob) error {
	n := int64(len(j.segment))
	w.base.Reused += n
	if w.base.Share == nil || w.unshared {
		return w.put(j.segment)
	}
	if err := w.flush(); err != nil {
		return err
	}
	err := w.base.Share(w.offset, j.from.Offset, n)
	if errors.Is(err, errors.ErrUnsupported) {
		w.unshared = true
		return w.put(j.segment)
	}
	if err != nil {
		return err
	}
	w.base.Shared += n
	w.offset += n
	w.start = w.offset
	return nil
}
