package gzfile

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"io"

	"vmterminal/snapshot/diskfile"
)

// Options configures a run. The zero value has useful defaults.
type Options struct {
	// Workers is the number of chunks processed in parallel; 0 means one per CPU, at most 16.
	Workers int
	// Add, if set, is called with the number of bytes done since the last call. Calls come
	// from different goroutines.
	Add func(n int64)
	// Base, if set, is an earlier file whose segments Write reuses.
	Base *Base
	// Present, if set, is a disk whose chunks Decode reuses.
	Present *PresentDisk

	level   int   // of compression; 0 means defaultLevel
	maxDisk int64 // largest disk that Stream accepts; 0 means MaxDisk
}

func (o Options) add(n int64) {
	if o.Add != nil {
		o.Add(n)
	}
}

// Target is a new, empty file. With a Base it may end up longer than the header's FileSize;
// the caller must truncate it.
type Target = io.WriterAt

// Write writes the snapshot file of src. plan must come from NewPlan for src. Write returns
// h with Format, Size, Data, Digest, FileSize and BodyCRC filled in, and the file's index.
// It writes the header last, so an incomplete file has none. It does not make the file
// durable. After an error the contents of dst are useless. When Write returns, all of its
// goroutines have ended. The error, if any, is ErrTooLong, or comes from src, dst or ctx.
func Write(ctx context.Context, dst Target, src Source, plan *Plan, h Header, opt Options) (Header, *Index, error) {
	h.Format = Format
	length, err := h.encodedLen()
	if err != nil {
		return Header{}, nil, err
	}
	w := &writer{
		dst: dst, base: opt.Base, size: plan.size, offset: int64(length), start: int64(length),
		compress: newChunkCompressor(src, plan.size, nil, cmp.Or(opt.level, defaultLevel)),
		digest:   &digest{h: sha256.New()}, content: newCRCSum(crc32.IEEE), body: newCRCSum(crc32.Castagnoli),
	}
	if err := opt.Base.checkChanges(ctx, src, plan); err != nil {
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
			return newChunkCompressor(src, plan.size, opt.Base, cmp.Or(opt.level, defaultLevel))
		},
		collect: func(j *chunkJob) error {
			opt.add(int64(j.hi - j.lo))
			return w.addChunk(j)
		},
	}
	if err := run.run(ctx, opt.Workers); err != nil {
		return Header{}, nil, err
	}
	if err := w.finish(); err != nil {
		return Header{}, nil, err
	}
	h.Size, h.Data, h.FileSize = w.size, w.data, w.offset
	h.Digest, h.BodyCRC = hex.EncodeToString(w.digest.h.Sum(nil)), w.body.crc
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
	data          int64 // bytes that a restore writes; 0 means a zero chunk
	entry         Entry // without its Offset
	segment       []byte
	baseEntry     *Entry // of the base, if segment is reused
	mustClone     bool   // segment is still to be cloned from there
	isBaseDamaged bool   // the base's segment is damaged
	unread        bool   // not read, as it has not changed since the base
}

// newChunkCompressor returns the function of one worker. It reads a chunk, checks it for zeros,
// hashes and compresses it, all while the chunk is in the processor's cache.
func newChunkCompressor(src Source, size int64, base *Base, level int) func(*chunkJob) error {
	buf := make([]byte, ChunkSize)
	d := newDeflater(level)
	return func(j *chunkJob) error {
		j.data, j.baseEntry, j.mustClone, j.isBaseDamaged, j.unread = 0, nil, false, false, false
		if base.reuseUnread(j) {
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
		if base.reuseIfEqual(j, sum) {
			return nil
		}
		var err error
		if j.segment, err = d.compress(j.segment, content); err != nil {
			return err
		}
		j.entry = Entry{
			Chunk: j.chunk, Length: uint32(len(j.segment)), Data: uint32(j.data), SHA256: sum,
			CRC: crc32.ChecksumIEEE(content), SegmentCRC: crc32.Checksum(j.segment, castagnoli),
		}
		return nil
	}
}
