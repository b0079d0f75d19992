package gzfile

import (
	"context"
	"fmt"
	"io"
)

// Source is a disk that does not change while it is read.
type Source interface {
	// Size is the disk's size in bytes.
	Size() int64
	// ReadAt implements io.ReaderAt. Many goroutines call it. Bytes outside the ranges of
	// NextData must read as zeros.
	ReadAt(p []byte, off int64) (int, error)
	// NextData returns the first range at or after off that may contain something other
	// than zeros, or Size() as start if all the rest is zeros. One goroutine calls it.
	NextData(off int64) (start, end int64, err error)
}

// span is the part of one chunk from the first to the last byte of data.
type span struct {
	chunk  int64
	lo, hi int32
}

// Plan lists where a source has data. It is immutable.
type Plan struct {
	// Bytes is how many bytes of the source will be read.
	Bytes int64

	size  int64
	spans []span
}

// NewPlan finds the data of a source. It returns ErrTooLarge if the disk is larger than
// MaxDisk; other errors come from src or ctx.
func NewPlan(ctx context.Context, src Source) (*Plan, error) {
	p := &Plan{size: src.Size()}
	if p.size < 0 {
		return nil, fmt.Errorf("the disk has a negative size: %d", p.size)
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
			return nil, fmt.Errorf("looking for data from byte %d: got the impossible range %d to %d", off, start, end)
		}
		p.add(start, end)
		off = end
	}
	for _, s := range p.spans {
		p.Bytes += int64(s.hi - s.lo)
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

// read reads the chunk from the source into buf, which must have the chunk's length.
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
