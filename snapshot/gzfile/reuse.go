package gzfile

import (
	"errors"

	"vmterminal/snapshot/durable/guard"
)

// A Base is an earlier snapshot file of the same disk. Write reuses its segments for the
// chunks that have not changed. Each segment is first compared with its CRC-32C, so that
// damage never spreads: a chunk whose segment is damaged is compressed again. The new file
// is the same with and without a base, unless the base was compressed at another level. The
// file may be removed during Write if it stays open.
type Base struct {
	File *File
	// Index is the index of File, from ReadIndex or Scan.
	Index *Index
	// Cloner clones segments of File to the new file. If it is nil, or cannot
	// clone, they are copied.
	Cloner *Cloner

	// Filled in by Write.
	Reused        int64   // bytes of segments that were reused
	Shared        int64   // bytes of Reused that share blocks
	DamagedChunks []int64 // chunks whose segments are damaged
	Unread        int64   // bytes of the disk's data that were not read; see SetChanges
	ChangesWrong  bool    // the list of changes was wrong, so the whole disk was read

	changed []bool // by chunk; nil if not known
}

// findEntry returns the base's entry for a chunk, or nil.
func (b *Base) findEntry(chunk int64) *Entry {
	if b == nil {
		return nil
	}
	return b.Index.findEntry(chunk)
}

// findEntry returns the entry for a chunk, or nil if the chunk is zeros.
func (x *Index) findEntry(chunk int64) *Entry {
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

// reuseIfEqual fills in the job from the base if the chunk has the same SHA-256 there, and
// reports whether it did.
func (b *Base) reuseIfEqual(j *chunkJob, sum [32]byte) bool {
	e := b.findEntry(j.chunk)
	return e != nil && (sum == e.SHA256 || !guard.On(guard.ReuseDigest)) && b.reuseEntry(j, e)
}

// reuseEntry fills in the job from an entry of the base, and reports whether it could. A
// segment to be cloned is read and checked later, in the new file; see writer.clone.
func (b *Base) reuseEntry(j *chunkJob, e *Entry) bool {
	if cap(j.segment) < maxSegment {
		j.segment = make([]byte, 0, maxSegment)
	}
	j.segment = j.segment[:e.Length]
	j.baseEntry, j.entry = e, *e
	j.mustClone = b.Cloner.isUsable()
	return j.mustClone || b.readSegment(j)
}

// readSegment reads the job's segment from the base and reports whether it is intact.
func (b *Base) readSegment(j *chunkJob) bool {
	if b.File.readSegment(j.segment, j.baseEntry) != nil { // damaged or unreadable
		j.baseEntry, j.isBaseDamaged = nil, true
		return false
	}
	return true
}

// cloneSegment makes the next part of the new file share the blocks of the base's segment, and
// reports whether it did. If it could not, or if the cloned bytes are not the segment, it
// puts the segment into the job, to be written there.
func (w *writer) cloneSegment(j *chunkJob) (bool, error) {
	if err := w.flush(); err != nil {
		return false, err
	}
	read, err := w.base.Cloner.clone(j.segment, w.offset, w.base.File.r, j.baseEntry.Offset)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		w.base.Cloner.unsupported.Store(true)
		if w.base.readSegment(j) {
			return false, nil
		}
	case err != nil:
		return false, err
	case read && j.baseEntry.matchesSegment(j.segment):
		n := int64(len(j.segment))
		w.base.Shared += n
		w.offset += n
		w.start = w.offset
		return true, nil
	}
	err = w.compress(j)
	j.isBaseDamaged = true
	return false, err
}
