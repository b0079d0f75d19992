package gzfile

import (
	"context"
	"fmt"
	"io"
)

// A Source is a disk that does not change while it is read.
type Source interface {
	// Size is the disk's size in bytes.
	Size() int64
	// ReadAt is io.ReaderAt's; called from many goroutines. What lies outside
	// the ranges of NextData must read as zeros.
	ReadAt(p []byte, off int64) (int, error)
	// NextData returns the first range that may hold something other than zeros
	// at or after off; start == Size() when there is none. Called from one
	// goroutine.
	NextData(off int64) (start, end int64, err error)
}

// A span is the part of one chunk from the first to the last byte of data.
type span struct {
	chunk  int64
	lo, hi int32
}

// A Plan is where a source has data. It is not changed once made.
type Plan struct {
	size  int64
	bytes int64
	spans []span
}

// Bytes is how much of the source will be read.
func (p *Plan) Bytes() int64 { return p.bytes }

// NewPlan asks the source where its data is. The error is ErrTooLarge, the
// source's, or the context's.
func NewPlan(ctx context.Context, src Source) (*Plan, error) {
	p := &Plan{size: src.Size()}
	if p.size < 0 {
		return nil, fmt.Errorf("a disk of %d bytes", p.size)
	}
	if p.size > MaxDisk {
		return nil, ErrTooLarge
	}
	for off := int64(0); off < p.size; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		start, end, err := src.NextData(off)
		if err != nil {
			return nil, fmt.Errorf("looking for data from byte %d: %w", off, err)
		}
		if start >= p.size {
			break
		}
		end = min(end, p.size)
		if start < off || end <= start {
			return nil, fmt.Errorf("looking for data from byte %d: got the range %d to %d", off, start, end)
		}
		p.add(start, end)
		off = end
	}
	for _, s := range p.spans {
		p.bytes += int64(s.hi - s.lo)
	}
	return p, nil
}

func (p *Plan) add(start, end int64) {
	for start < end {
		chunk := start / ChunkSize
		stop := min(end, (chunk+1)*ChunkSize)
		lo, hi := int32(start-chunk*ChunkSize), int32(stop-chunk*ChunkSize)
		if n := len(p.spans); n > 0 && p.spans[n-1].chunk == chunk {
			p.spans[n-1].hi = hi
		} else {
			p.spans = append(p.spans, span{chunk, lo, hi})
		}
		start = stop
	}
}

// read fills buf, which is as long as the chunk, from the source.
func (s span) read(src Source, buf []byte) error {
	clear(buf[:s.lo])
	clear(buf[s.hi:])
	part, off := buf[s.lo:s.hi], s.chunk*ChunkSize+int64(s.lo)
	n, err := src.ReadAt(part, off)
	if n == len(part) {
		return nil // io.ReaderAt allows io.EOF here
	}
	if err == nil || err == io.EOF { //nolint:errorlint // io.ReaderAt returns io.EOF itself
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("reading the disk at byte %d: %w", off, err)
}
