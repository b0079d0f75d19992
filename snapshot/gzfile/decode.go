package gzfile

import (
	"context"
	"errors"
	"hash/crc32"
	"io"

	"vmterminal/app/ondisk/guard"
)

// Decode gives the whole disk to sink, inflating in parallel, by an index that
// ReadIndex made for this file. When it returns nil, every chunk had the SHA-256
// of the image digest, and the file's CRC-32 and length hold; what opt.Present
// had was not looked at in the file. opt.Add counts bytes of the disk, of data
// chunks only.
func (f *File) Decode(ctx context.Context, x *Index, sink Sink, opt Options) error {
	if _, crc := x.sums(); !f.endsWith(crc) {
		return errEnd()
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
			d := newInflater()
			segment := make([]byte, maxSegment)
			return func(j *decodeJob) error {
				if j.room == nil {
					j.room = make([]byte, ChunkSize)
				}
				j.content = j.room[:chunkLen(x.Size, j.entry.Chunk)]
				if j.present = opt.Present.has(j.entry, j.content); j.present {
					return nil
				}
				return f.chunk(d, j.content, segment, j.entry)
			}
		},
		collect: func(j *decodeJob) error {
			opt.add(int64(len(j.content)))
			off := j.entry.Chunk * ChunkSize
			if !j.present {
				return sink(off, j.content)
			}
			return opt.Present.give(off, j.content, sink)
		},
	}.run(ctx, opt.Workers)
}

type decodeJob struct {
	entry   *Entry
	room    []byte
	content []byte // the part of room that the chunk fills
	present bool   // it came from Options.Present
}

// chunk reads one chunk, checks it, and fills content, which has its length.
// room is for its segment.
func (f *File) chunk(d *inflater, content, room []byte, e *Entry) error {
	segment := room[:e.Length]
	if err := f.segment(segment, e); err != nil {
		return err
	}
	n, _, err := d.inflate(content, segment)
	switch {
	case err != nil:
		return damaged(e.Chunk, "%v", err)
	case n != len(content):
		return damaged(e.Chunk, "%v: it is not %d bytes", errSegment, len(content))
	case !e.isOf(content) && guard.On(guard.ChunkDigest):
		return damaged(e.Chunk, "its content is not what was saved")
	}
	return nil
}

// segment reads a segment and compares it with its CRC-32C.
func (f *File) segment(segment []byte, e *Entry) error {
	if n, err := f.r.ReadAt(segment, e.Offset); n < len(segment) {
		if errors.Is(err, io.EOF) {
			return damaged(e.Chunk, "the file ends within it")
		}
		return err
	}
	if crc32.Checksum(segment, castagnoli) != e.SegmentCRC && guard.On(guard.SegmentDigest) {
		return damaged(e.Chunk, "its compressed bytes have changed")
	}
	return nil
}
