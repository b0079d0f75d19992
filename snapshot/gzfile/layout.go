package gzfile

import (
	"hash/crc32"
	"sync"
)

// zeroSegmentCRCs are the CRC-32C of zeroSegments.
var zeroSegmentCRCs = sync.OnceValue(func() (sums [zeroGroup + 1]uint32) {
	for n, segment := range zeroSegments() {
		sums[n] = crc32.Checksum(segment, castagnoli)
	}
	return sums
})

// layout is a body as it grows, segment by segment.
type layout struct {
	length int64
	crc    crcSum
}

func newLayout() *layout { return &layout{crc: newCRCSum(crc32.Castagnoli)} }

func (l *layout) add(crc uint32, n int64) {
	l.crc.add(crc, n)
	l.length += n
}

func (l *layout) addBytes(b []byte) { l.add(crc32.Checksum(b, castagnoli), int64(len(b))) }

// addZeros adds the segments of the zero chunks from one chunk up to another of
// a disk of size bytes.
func (l *layout) addZeros(from, to, size int64) {
	for whole := min(to, size/ChunkSize); from < whole; {
		n := min(zeroGroup, whole-from)
		l.add(zeroSegmentCRCs()[n], int64(len(zeroSegments()[n])))
		from += n
	}
	if from < to {
		l.addBytes(shortZero(chunkLen(size, from)))
	}
}

// fits tells whether the index describes the very body that the header's CRC-32C
// is of: every segment where it says, and no gap. crc is the disk's CRC-32.
func (x *Index) fits(h Header, crc uint32) bool {
	body := newLayout()
	start := int64(-1)
	next := int64(0)
	for i := range x.Entries {
		e := &x.Entries[i]
		body.addZeros(next, e.Chunk, x.Size)
		if start < 0 {
			start = e.Offset - body.length
		}
		if e.Offset != start+body.length {
			return false
		}
		body.add(e.SegmentCRC, int64(e.Length))
		next = e.Chunk + 1
	}
	body.addZeros(next, Chunks(x.Size), x.Size)
	body.addBytes(trailer(crc, x.Size))
	if start < 0 {
		start = x.FileSize - body.length
	}
	return start%Align == 0 && start >= Align && start <= maxHeader &&
		start+body.length == x.FileSize && body.crc.crc == h.BodyCRC
}
