package gzfile

import (
	"context"
	"errors"
	"slices"

	"vmterminal/app/ondisk/guard"
)

// Present is a disk whose chunks Decode takes, where they have the SHA-256 that
// the file's must have, in place of inflating the file's. It does not change
// meanwhile.
type Present struct {
	// Share makes n bytes of the new disk at off the same blocks as those of
	// this one; both are multiples of Align. It may be nil, or fail with
	// errors.ErrUnsupported: then the bytes that were checked go to the sink.
	Share func(off, n int64) error

	src    Source
	plan   *Plan
	never  bool // Share is not supported
	reused int64
	shared int64
}

// NewPresent looks where src has data.
func NewPresent(ctx context.Context, src Source) (*Present, error) {
	plan, err := NewPlan(ctx, src)
	if err != nil {
		return nil, err
	}
	return &Present{src: src, plan: plan}, nil
}

// Reused is how many bytes of the disk were taken from here, once Decode is done.
func (p *Present) Reused() int64 { return p.reused }

// Shared is what of Reused shares its blocks.
func (p *Present) Shared() int64 { return p.shared }

// give gives a chunk that is here to the new disk.
func (p *Present) give(off int64, content []byte, sink Sink) error {
	n := int64(len(content))
	p.reused += n
	if p.Share == nil || n%Align != 0 || p.never {
		return sink(off, content)
	}
	err := p.Share(off, n)
	if errors.Is(err, errors.ErrUnsupported) {
		p.never = true
		return sink(off, content)
	}
	if err == nil {
		p.shared += n
	}
	return err
}

// has reads the chunk into content, which has its length, and tells whether it is the entry's. One that cannot be
// read is not: the file has it.
func (p *Present) has(e *Entry, content []byte) bool {
	if p == nil {
		return false
	}
	at, found := slices.BinarySearchFunc(p.plan.spans, e.Chunk, func(s span, chunk int64) int {
		return int(s.chunk - chunk)
	})
	if !found || e.Chunk*ChunkSize+int64(len(content)) > p.plan.size {
		return false
	}
	s := p.plan.spans[at]
	s.hi = min(s.hi, int32(len(content)))
	if s.lo >= s.hi || s.read(p.src, content) != nil {
		return false
	}
	return e.isOf(content) || !guard.On(guard.PresentDigest)
}
