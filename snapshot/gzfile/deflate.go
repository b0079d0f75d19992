package gzfile

import (
	"sync"

	"github.com/klauspost/compress/flate"
)

// defaultLevel is the lowest whose file was no larger than igzip -1's, on a disk
// of a Debian's programs and libraries (BenchmarkCreate): levels 1, 2, 3 and 4
// gave 428, 417, 404 and 393 MB against 410, for 8.9, 8.4, 11.0 and 12.6 s of
// CPU on a busy machine. Those times were uncertain by a fifth; the sizes were
// not. Another level changes the bytes of new files, not how files are read, nor
// that their segments can be used again.
const defaultLevel = 3

// maxSegment is above the length of any data segment: stored blocks cost five
// bytes for each 64 KiB, a flush five, the padding less than two times Align.
const maxSegment = ChunkSize + ChunkSize/1024 + 3*Align

// A sink is an io.Writer onto a slice that is used again.
type sink struct{ b []byte }

func (s *sink) Write(p []byte) (int, error) {
	s.b = append(s.b, p...)
	return len(p), nil
}

// A deflater makes segments. It belongs to one goroutine.
type deflater struct {
	w   *flate.Writer
	out sink
}

func newDeflater(level int) *deflater {
	d := &deflater{}
	w, err := flate.NewWriter(&d.out, level)
	if err != nil {
		panic(err) // the level is a constant of this package
	}
	d.w = w
	return d
}

// segment appends to dst[:0] the segment of a chunk.
func (d *deflater) segment(dst, content []byte) ([]byte, error) {
	if cap(dst) == 0 {
		dst = make([]byte, 0, maxSegment)
	}
	d.out.b = dst[:0]
	d.w.Reset(&d.out)
	if _, err := d.w.Write(content); err != nil {
		return nil, err
	}
	if err := d.w.Flush(); err != nil {
		return nil, err
	}
	dst, d.out.b = d.out.b, nil
	return pad(dst), nil
}

// zeroSegments holds the segments for one to zeroGroup zero chunks.
var zeroSegments = sync.OnceValue(func() (segments [zeroGroup + 1][]byte) {
	d := newDeflater(flate.BestCompression)
	content := make([]byte, zeroGroup*ChunkSize)
	for n := 1; n <= zeroGroup; n++ {
		segments[n] = zeroSegment(d, content[:n*ChunkSize])
	}
	return segments
})

// shortZero returns the segment of a last chunk of n zeros.
func shortZero(n int64) []byte {
	return zeroSegment(newDeflater(flate.BestCompression), zeros[:n])
}

func zeroSegment(d *deflater, content []byte) []byte {
	segment, err := d.segment(nil, content)
	if err != nil {
		panic(err) // a sink takes everything
	}
	return segment
}
