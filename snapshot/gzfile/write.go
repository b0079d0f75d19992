package gzfile

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"io"

	"vmterminal/snapshot/diskfile"
)

// Options of a run; the zero value is good.
type Options struct {
	// Workers is how many chunks are worked on at once; 0 means DefaultWorkers.
	Workers int
	// Add is told of every n bytes that are done; called from many goroutines.
	Add func(n int64)
	// Base is for Write: an earlier file to use again. May be nil.
	Base *Base
	// Present is for Decode: a disk that may have the same chunks. May be nil.
	Present *Present

	level int // of compression; 0 means defaultLevel
}

func (o Options) add(n int64) {
	if o.Add != nil {
		o.Add(n)
	}
}

// Target is a new file, still empty.
type Target = io.WriterAt

// Write writes the snapshot file of src, which plan was made of, and fills in
// what h did not know: Format, Size, Data, Digest, FileSize and BodyCRC. The
// header comes last, so a file that was not finished has none. Durability is
// the caller's. After an error, and when ctx ends, the target's content is
// useless and no goroutine is left.
func Write(ctx context.Context, dst Target, src Source, plan *Plan, h Header, opt Options) (Header, *Index, error) {
	h.Format = Format
	length, err := h.room()
	if err != nil {
		return Header{}, nil, err
	}
	w := &writer{
		dst: dst, base: opt.Base, size: plan.size, offset: int64(length), start: int64(length),
		digest: newDigest(), content: newCRCSum(crc32.IEEE), body: newCRCSum(crc32.Castagnoli),
	}
	next := 0
	run := stages[chunkJob]{
		produce: func(j *chunkJob) (bool, error) {
			if next == len(plan.spans) {
				return false, nil
			}
			j.span = plan.spans[next]
			next++
			return true, nil
		},
		worker: func() func(*chunkJob) error {
			return compressor(src, plan.size, opt.Base, cmp.Or(opt.level, defaultLevel))
		},
		collect: func(j *chunkJob) error {
			opt.add(int64(j.hi - j.lo))
			return w.add(j)
		},
	}
	if err := run.run(ctx, opt.Workers); err != nil {
		return Header{}, nil, err
	}
	if err := w.end(); err != nil {
		return Header{}, nil, err
	}
	h.Size, h.Data, h.FileSize = w.size, w.data, w.offset
	h.Digest, h.BodyCRC = w.digest.hex(), w.body.crc
	start, err := h.encode(length)
	if err != nil {
		return Header{}, nil, err
	}
	if _, err := dst.WriteAt(start, 0); err != nil {
		return Header{}, nil, err
	}
	return h, &Index{ID: h.ID, Digest: h.Digest, Size: h.Size, FileSize: h.FileSize, Entries: w.entries}, nil
}

// chunkJob is one chunk on its way from the source into the file.
type chunkJob struct {
	span
	data    int64 // bytes that a restore has to write; 0 means a zero chunk
	entry   Entry // without its Offset
	segment []byte
	from    *Entry // of the base, if segment is used again
	bad     bool   // the base's segment no longer holds
}

// compressor returns what one worker does: read, look for zeros, hash and
// compress while the chunk is still in the processor's cache.
func compressor(src Source, size int64, base *Base, level int) func(*chunkJob) error {
	buf := make([]byte, ChunkSize)
	d := newDeflater(level)
	return func(j *chunkJob) error {
		content := buf[:chunkLen(size, j.chunk)]
		if err := j.read(src, content); err != nil {
			return err
		}
		if j.data = diskfile.DataBytes(content); j.data == 0 {
			return nil
		}
		sum := sha256.Sum256(content)
		if base.reuse(j, sum) {
			return nil
		}
		var err error
		if j.segment, err = d.segment(j.segment, content); err != nil {
			return err
		}
		j.entry = Entry{
			Chunk: j.chunk, Length: uint32(len(j.segment)), SHA256: sum,
			CRC: crc32.ChecksumIEEE(content), SegmentCRC: crc32.Checksum(j.segment, castagnoli),
		}
		return nil
	}
}

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
