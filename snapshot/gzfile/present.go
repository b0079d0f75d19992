package gzfile

import (
	"context"
	"errors"
	"slices"

	"vmterminal/snapshot/durable/guard"
)

// PresentDisk is an existing disk from which Decode takes the chunks whose SHA-256 is that in
// the index, instead of decompressing them. Each chunk is checked after it was copied or
// cloned, so another process may be writing to the existing disk.
type PresentDisk struct {
	// Cloner clones from this disk to the new one, at equal offsets. If it is nil,
	// or cannot clone, chunks are copied.
	Cloner *Cloner
	// Overwrite replaces a cloned chunk that turned out to be different. It is required
	// with a Cloner.
	Overwrite Sink

	// InPlace means that this disk is the one that Decode writes to: chunks that are
	// already there are not written.
	InPlace bool

	// Reused is the number of bytes that Decode took from this disk. Shared is how many of
	// them share blocks with it.
	Reused, Shared int64

	src  Source
	plan *Plan
}

// NewPresentDisk returns a PresentDisk that reads src. The errors are those of NewPlan.
func NewPresentDisk(ctx context.Context, src Source) (*PresentDisk, error) {
	plan, err := NewPlan(ctx, src)
	if err != nil {
		return nil, err
	}
	return &PresentDisk{src: src, plan: plan}, nil
}

// readChunk tries to take the job's chunk from this disk. It sets j.present if j.content now
// contains the chunk, and j.cloned if the new disk now shares this disk's blocks there. A
// chunk that cannot be read counts as different.
func (p *PresentDisk) readChunk(j *decodeJob) error {
	j.fromPresent, j.cloned = false, false
	if p == nil {
		return nil
	}
	at, found := slices.BinarySearchFunc(p.plan.spans, j.entry.Chunk, func(s span, chunk int64) int {
		return int(s.chunk - chunk)
	})
	off, n := j.entry.Chunk*ChunkSize, int64(len(j.content))
	if !found || off+n > p.plan.size {
		return nil
	}
	s := p.plan.spans[at]
	s.hi = min(s.hi, int32(n))
	if s.lo >= s.hi {
		return nil
	}
	var read bool
	if n%Align == 0 && p.Cloner.isUsable() {
		var err error
		read, err = p.Cloner.clone(j.content, off, p.src, off)
		j.cloned = err == nil
		if errors.Is(err, errors.ErrUnsupported) {
			p.Cloner.unsupported.Store(true)
		} else if err != nil {
			return err
		}
	}
	if !j.cloned {
		read = s.read(p.src, j.content) == nil
	}
	j.fromPresent = read && (j.entry.matches(j.content) || !guard.On(guard.PresentDigest))
	return nil
}

// writeChunk writes the job's chunk to the new disk, unless it was cloned.
func (p *PresentDisk) writeChunk(j *decodeJob, sink Sink) error {
	off, n := j.entry.Chunk*ChunkSize, int64(len(j.content))
	if j.fromPresent {
		p.Reused += n
	}
	switch {
	case j.fromPresent && p.InPlace:
		return nil
	case j.fromPresent && j.cloned:
		p.Shared += n
		return nil
	case j.cloned:
		return p.Overwrite(off, j.content)
	}
	return sink(off, j.content)
}
