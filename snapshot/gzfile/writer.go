package gzfile

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"io"
)

// writer writes segments in sequence. It is not safe for concurrent use.
type writer struct {
	dst       io.WriterAt
	base      *Base
	size      int64
	offset    int64  // of the next segment
	start     int64  // offset of pending
	pending   []byte // short segments, to be written together
	nextChunk int64  // the first chunk that is not in the file yet
	data      int64
	digest    *digest
	content   crcSum
	body      crcSum
	entries   []Entry
	// compress fills in a job without using the base.
	compress func(*chunkJob) error
}

func (w *writer) addChunk(j *chunkJob) error {
	if j.data > 0 { // otherwise it is part of the run of zero chunks before the next data chunk
		if err := w.writeZeros(j.chunk); err != nil {
			return err
		}
	}
	cloned := false
	if j.mustClone {
		var err error
		if cloned, err = w.cloneSegment(j); err != nil {
			return err
		}
	}
	if j.unread {
		w.base.Unread += int64(j.hi - j.lo)
	}
	if j.isBaseDamaged {
		w.base.DamagedChunks = append(w.base.DamagedChunks, j.chunk)
	}
	if j.data == 0 {
		return nil
	}
	segment := int64(len(j.segment))
	j.entry.Offset = w.offset
	if cloned {
		j.entry.Offset -= segment
	}
	w.digest.add(j.entry.SHA256)
	w.content.add(j.entry.CRC, chunkLen(w.size, j.chunk))
	w.body.add(j.entry.SegmentCRC, segment)
	w.entries = append(w.entries, j.entry)
	w.data += j.data
	w.nextChunk++
	if j.baseEntry != nil {
		w.base.Reused += segment
	}
	if cloned {
		return nil
	}
	return w.writeSegment(j.segment)
}

// writeSegment writes a segment; short ones are collected and written together.
func (w *writer) writeSegment(segment []byte) error {
	const short, maxPending = 64 << 10, 256 << 10
	if w.offset += int64(len(segment)); len(segment) < short {
		if w.pending = append(w.pending, segment...); len(w.pending) < maxPending {
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
	if len(w.pending) == 0 {
		return nil
	}
	_, err := w.dst.WriteAt(w.pending, w.start)
	w.start += int64(len(w.pending))
	w.pending = w.pending[:0]
	return err
}

// writeZeros writes the zero chunks from w.nextChunk up to, but not including, end.
func (w *writer) writeZeros(end int64) error {
	whole := min(end, w.size/ChunkSize)
	for w.nextChunk < whole {
		n := min(zeroGroup, whole-w.nextChunk)
		for range n {
			w.digest.add(zeroSHA())
			w.content.add(zeroCRC(), ChunkSize)
		}
		if err := w.writeSummed(zeroSegments()[n]); err != nil {
			return err
		}
		w.nextChunk += n
	}
	if w.nextChunk == end {
		return nil
	}
	n := chunkLen(w.size, w.nextChunk)
	w.nextChunk++
	w.digest.add(sha256.Sum256(zeros[:n]))
	w.content.add(crc32.ChecksumIEEE(zeros[:n]), n)
	return w.writeSummed(shortZeroSegment(n))
}

// writeSummed writes b and adds it to the body's CRC-32C.
func (w *writer) writeSummed(b []byte) error {
	w.body.add(crc32.Checksum(b, castagnoli), int64(len(b)))
	return w.writeSegment(b)
}

// finish writes the rest of the file, except the header.
func (w *writer) finish() error {
	if err := w.writeZeros(Chunks(w.size)); err != nil {
		return err
	}
	if err := w.writeSummed(trailer(w.content.crc, w.size)); err != nil {
		return err
	}
	return w.flush()
}

// trailer returns the end of a file: final block, CRC-32 and ISIZE.
func trailer(crc uint32, size int64) []byte {
	b := append(make([]byte, 0, trailerLen), finalBlock...)
	b = binary.LittleEndian.AppendUint32(b, crc)
	return binary.LittleEndian.AppendUint32(b, uint32(size))
}
