package gzfile

import (
	"hash/crc32"
	"sync"
)

// zeroSegmentCRCs returns the CRC-32C values of zeroSegments.
var zeroSegmentCRCs = sync.OnceValue(func() (sums [zeroGroup + 1]uint32) {
	for n, segment := range zeroSegments() {
		sums[n] = crc32.Checksum(segment, castagnoli)
	}
	return sums
})

// expectedBody computes the length and the CRC-32C of a body, one segment at a time.
type expectedBody struct {
	length int64
	crc    crcSum
}

func (l *expectedBody) add(crc uint32, n int64) {
	l.crc.add(crc, n)
	l.length += n
}

// addZeros adds the segments of the zero chunks [from, to). size is the disk's size in
// bytes.
func (l *expectedBody) addZeros(from, to, size int64) {
	for whole := min(to, size/ChunkSize); from < whole; {
		n := min(zeroGroup, whole-from)
		l.add(zeroSegmentCRCs()[n], int64(len(zeroSegments()[n])))
		from += n
	}
	if from < to {
		rest := shortZeroSegment(chunkLen(size, from))
		l.add(crc32.Checksum(rest, castagnoli), int64(len(rest)))
	}
}

// matchesBody reports whether the index describes a body whose CRC-32C is h.BodyCRC, with
// every segment at its offset and no gaps. crc is the disk's CRC-32.
func (x *Index) matchesBody(h Header, crc uint32) bool {
	body := &expectedBody{crc: newCRCSum(crc32.Castagnoli)}
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
	body.add(crc32.Checksum(trailer(crc, x.Size), castagnoli), trailerLen)
	if start < 0 {
		start = x.FileSize - body.length
	}
	return start%Align == 0 && start >= Align && start <= maxHeader &&
		start+body.length == x.FileSize && body.crc.crc == h.BodyCRC
}
