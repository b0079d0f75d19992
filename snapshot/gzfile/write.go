package gzfile

import (
	"cmp"
	"context"
	"crypto/sha256"
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

	level int   // of compression; 0 means defaultLevel
	most  int64 // bytes that Stream unpacks; 0 means MaxDisk
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
	if err := opt.Base.doubt(ctx, src, plan); err != nil {
		return Header{}, nil, err
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
	unread  bool   // the base was believed that it has not changed
}

// compressor returns what one worker does: read, look for zeros, hash and
// compress while the chunk is still in the processor's cache.
func compressor(src Source, size int64, base *Base, level int) func(*chunkJob) error {
	buf := make([]byte, ChunkSize)
	d := newDeflater(level)
	return func(j *chunkJob) error {
		j.data, j.from, j.bad, j.unread = 0, nil, false, false
		if base.again(j) {
			return nil
		}
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
			Chunk: j.chunk, Length: uint32(len(j.segment)), Data: uint32(j.data), SHA256: sum,
			CRC: crc32.ChecksumIEEE(content), SegmentCRC: crc32.Checksum(j.segment, castagnoli),
		}
		return nil
	}
}
