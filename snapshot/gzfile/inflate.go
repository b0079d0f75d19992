package gzfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
)

// A Sink takes a part of the disk: content at off, never two at once for the
// same bytes, but from many goroutines and in any order. It must not keep
// content. Zero chunks are left out.
type Sink func(off int64, content []byte) error

var errSegment = errors.New("it cannot be decompressed")

// An inflater reads segments. It belongs to one goroutine.
type inflater struct {
	in      bytes.Reader
	z       io.ReadCloser
	content []byte
}

func newInflater() *inflater {
	return &inflater{z: flate.NewReader(nil), content: make([]byte, ChunkSize+1)}
}

// inflate returns the content of a segment, which must be exactly n bytes, n at
// most ChunkSize. segment must have room behind it for finalBlock. The content
// is good until the next call.
func (d *inflater) inflate(segment []byte, n int64) ([]byte, error) {
	// Closed by a final block, a whole segment is a whole stream; one that was
	// cut, or goes on, is not.
	d.in.Reset(append(segment, finalBlock...))
	if err := d.z.(flate.Resetter).Reset(&d.in, nil); err != nil {
		return nil, err
	}
	got, err := io.ReadFull(d.z, d.content[:n+1])
	switch {
	case err == nil, errors.Is(err, io.ErrUnexpectedEOF) && int64(got) != n:
		return nil, fmt.Errorf("%w: it is not %d bytes", errSegment, n)
	case !errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("%w: %w", errSegment, err)
	case d.in.Len() != 0:
		return nil, fmt.Errorf("%w: it ends too early", errSegment)
	}
	return d.content[:n], nil
}
