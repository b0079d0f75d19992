package gzfile

import (
	"context"
	"errors"
	"io"

	"vmterminal/snapshot/durable/guard"
)

// Decode writes the disk to sink, decompressing in parallel. x must come from ReadIndex for
// this file. When Decode returns nil, every chunk matches the SHA-256 values behind the
// image digest, and the file's CRC-32 and length are right; segments of chunks taken from
// opt.Present are not read. opt.Add counts bytes of the disk in data chunks. The error, if
// any, is a *Damage, or comes from sink, the file's reader or ctx.
func (f *File) Decode(ctx context.Context, x *Index, sink Sink, opt Options) error {
	if _, crc := x.computeSums(); !f.matchesCRC(crc) {
		return wrongCRCError()
	}
	next := 0
	return stages[decodeJob]{
		produce: func(j *decodeJob) (bool, error) {
			if next == len(x.Entries) {
				return false, nil
			}
			j.entry = &x.Entries[next]
			next++
			return true, nil
		},
		worker: func() func(*decodeJob) error {
			d := new(inflater)
			segment := make([]byte, maxSegment)
			return func(j *decodeJob) error {
				if j.buf == nil {
					j.buf = make([]byte, ChunkSize)
				}
				j.content = j.buf[:chunkLen(x.Size, j.entry.Chunk)]
				if err := opt.Present.readChunk(j); err != nil || j.fromPresent {
					return err
				}
				return f.readChunk(d, j.content, segment, j.entry)
			}
		},
		collect: func(j *decodeJob) error {
			opt.add(int64(len(j.content)))
			return opt.Present.writeChunk(j, sink)
		},
	}.run(ctx, opt.Workers)
}

type decodeJob struct {
	entry       *Entry
	buf         []byte
	content     []byte // the part of buf that the chunk fills
	fromPresent bool   // content came from Options.Present
	cloned      bool   // the new disk shares these blocks with Options.Present
}

// readChunk decompresses the chunk of an entry into content, which must have the chunk's
// length, and checks it. It reads the segment into buf.
func (f *File) readChunk(d *inflater, content, buf []byte, e *Entry) error {
	segment := buf[:e.Length]
	if err := f.readSegment(segment, e); err != nil {
		return err
	}
	n, _, err := d.inflate(content, segment)
	switch {
	case err != nil:
		return newDamage(e.Chunk, "%v", err)
	case n != len(content):
		return newDamage(e.Chunk, "%v: it does not hold %d bytes", errSegment, len(content))
	case !e.matches(content) && guard.On(guard.ChunkDigest):
		return newDamage(e.Chunk, "its content does not match its checksum")
	}
	return nil
}

// readSegment reads a segment and checks its CRC-32C.
func (f *File) readSegment(segment []byte, e *Entry) error {
	if n, err := f.r.ReadAt(segment, e.Offset); n < len(segment) {
		if errors.Is(err, io.EOF) {
			return newDamage(e.Chunk, "the file ends within it")
		}
		return err
	}
	if !e.matchesSegment(segment) {
		return newDamage(e.Chunk, "its compressed bytes have changed")
	}
	return nil
}
