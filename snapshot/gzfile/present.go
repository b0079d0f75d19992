package gzfile

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash/crc32"
	"slices"
	"sync/atomic"
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
	never  atomic.Bool // Share is not supported
	reused atomic.Int64
	shared atomic.Int64
}

// NewPresent looks where src has data.
func NewPresent(ctx context.Context, src Source) (*Present, error) {
	plan, err := NewPlan(ctx, src)
	if err != nil {
		return nil, err
	}
	return &Present{src: src, plan: plan}, nil
}

// Reused is how many bytes of the disk were taken from here.
func (p *Present) Reused() int64 { return p.reused.Load() }

// Shared is what of Reused shares its blocks.
func (p *Present) Shared() int64 { return p.shared.Load() }

// give gives the chunk to the new disk, if it is here. content has its length.
func (p *Present) give(e *Entry, content []byte, sink Sink) (bool, error) {
	if p == nil || !p.has(e, content) {
		return false, nil
	}
	off, n := e.Chunk*ChunkSize, int64(len(content))
	p.reused.Add(n)
	if p.Share != nil && n%Align == 0 && !p.never.Load() {
		err := p.Share(off, n)
		if err == nil {
			p.shared.Add(n)
		}
		if !errors.Is(err, errors.ErrUnsupported) {
			return true, err
		}
		p.never.Store(true)
	}
	return true, sink(off, content)
}

// has reads the chunk and tells whether it is the entry's. One that cannot be
// read is not: the file has it.
func (p *Present) has(e *Entry, content []byte) bool {
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
	// The CRC costs a twentieth of the SHA-256, and tells most that differ.
	return crc32.ChecksumIEEE(content) == e.CRC && sha256.Sum256(content) == e.SHA256
}
