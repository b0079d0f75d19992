package gzfile

import (
	"sync"

	"github.com/klauspost/compress/flate"
)

// defaultLevel is the lowest level whose file was no larger than that of igzip -1, for a
// disk with the programs and libraries of a Debian system (BenchmarkCreate): levels 1 to 4
// gave 428, 417, 404 and 393 MB, igzip -1 gave 410 MB. The levels took 8.9, 8.4, 11.0 and
// 12.6 s of CPU time (±20 %). Changing the level changes the bytes of new files; older
// files can still be read and their segments reused.
const defaultLevel = 3

// maxSegment is larger than any data segment: stored blocks add five bytes for each 64 KiB,
// a flush adds five, and the padding is shorter than 2*Align.
const maxSegment = ChunkSize + ChunkSize/1024 + 3*Align

// appendWriter is an io.Writer that appends to a reusable slice.
type appendWriter struct{ b []byte }

func (s *appendWriter) Write(p []byte) (int, error) {
	s.b = append(s.b, p...)
	return len(p), nil
}

// deflater compresses segments. It is not safe for concurrent use.
type deflater struct {
	w   *flate.Writer
	out appendWriter
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

// compress compresses a chunk into dst[:0].
func (d *deflater) compress(dst, content []byte) ([]byte, error) {
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
	return padSegment(dst), nil
}

// zeroSegments returns the segments of zero chunks; element n is the segment for n chunks.
var zeroSegments = sync.OnceValue(func() (segments [zeroGroup + 1][]byte) {
	d := newDeflater(flate.BestCompression)
	content := make([]byte, zeroGroup*ChunkSize)
	for n := 1; n <= zeroGroup; n++ {
		segments[n] = zeroSegment(d, content[:n*ChunkSize])
	}
	return segments
})

// shortZeroSegment returns the segment for a short last chunk of n zeros.
func shortZeroSegment(n int64) []byte {
	return zeroSegment(newDeflater(flate.BestCompression), zeros[:n])
}

func zeroSegment(d *deflater, content []byte) []byte {
	segment, err := d.compress(nil, content)
	if err != nil {
		panic(err) // writing to a sink cannot fail
	}
	return segment
}
