package gzfile

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"io"
)

// writer puts segments one after the other. It belongs to one goroutine.
type writer struct {
	dst     io.WriterAt
	base    *Base
	size    int64
	offset  int64  // where the next segment starts
	start   int64  // where the bytes that wait start
	waiting []byte // small ones, to be written together
	next    int64  // the first chunk that is not in the file yet
	data    int64
	digest  *digest
	content crcSum
	body    crcSum
	entries []Entry
	// unshared is set once the file system would not share blocks.
	unshared bool
}

func (w *writer) add(j *chunkJob) error {
	if j.unread {
		w.base.Unread += int64(j.hi - j.lo)
	}
	if j.data == 0 {
		return nil // it becomes part of the zero run before the next chunk
	}
	if err := w.zeros(j.chunk); err != nil {
		return err
	}
	n := chunkLen(w.size, j.chunk)
	w.digest.add(j.entry.SHA256)
	w.content.add(j.entry.CRC, n)
	w.body.add(j.entry.SegmentCRC, int64(len(j.segment)))
	j.entry.Offset = w.offset
	w.entries = append(w.entries, j.entry)
	w.data += j.data
	w.next++
	if j.bad {
		w.base.Bad = append(w.base.Bad, j.chunk)
	}
	if j.from != nil {
		return w.putAgain(j)
	}
	return w.put(j.segment)
}

// put writes a segment, a short one together with what comes next.
func (w *writer) put(segment []byte) error {
	const short, most = 64 << 10, 256 << 10
	if w.offset += int64(len(segment)); len(segment) < short {
		if w.waiting = append(w.waiting, segment...); len(w.waiting) < most {
			return nil
		}
		return w.flush()
	}
	if err := w.flush(); err != nil {
		return err
	}
	_, err := w.dst.WriteAt(segment, w.start)
	w.start = w.offset
	return err
}

func (w *writer) flush() error {
	if len(w.waiting) == 0 {
		return nil
	}
	_, err := w.dst.WriteAt(w.waiting, w.start)
	w.start += int64(len(w.waiting))
	w.waiting = w.waiting[:0]
	return err
}

// zeros writes the zero chunks up to chunk end.
func (w *writer) zeros(end int64) error {
	whole := min(end, w.size/ChunkSize)
	for w.next < whole {
		n := min(zeroGroup, whole-w.next)
		for range n {
			w.digest.addZero()
			w.content.add(zeroCRC(), ChunkSize)
		}
		if err := w.putSummed(zeroSegments()[n]); err != nil {
			return err
		}
		w.next += n
	}
	if w.next == end {
		return nil
	}
	n := chunkLen(w.size, w.next)
	w.next++
	w.digest.add(sha256.Sum256(zeros[:n]))
	w.content.add(crc32.ChecksumIEEE(zeros[:n]), n)
	return w.putSummed(shortZero(n))
}

func (w *writer) putSummed(b []byte) error {
	w.body.add(crc32.Checksum(b, castagnoli), int64(len(b)))
	return w.put(b)
}

func (w *writer) end() error {
	if err := w.zeros(Chunks(w.size)); err != nil {
		return err
	}
	if err := w.putSummed(trailer(w.content.crc, w.size)); err != nil {
		return err
	}
	return w.flush()
}

// trailer is the end of a file: final block, CRC-32 and ISIZE.
func trailer(crc uint32, size int64) []byte {
	b := append(make([]byte, 0, trailerLen), finalBlock...)
	b = binary.LittleEndian.AppendUint32(b, crc)
	return binary.LittleEndian.AppendUint32(b, uint32(size))
}
