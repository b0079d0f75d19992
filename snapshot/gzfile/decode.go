package gzfile

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash/crc32"
	"io"
)

// Decode gives the whole disk to sink, in parallel, by an index that ReadIndex
// made for this file. When it returns nil, every chunk had the SHA-256 of the
// image digest, and the file's CRC-32 and length hold. opt.Add counts bytes of
// the disk, of data chunks only.
func (f *File) Decode(ctx context.Context, x *Index, sink Sink, opt Options) error {
	if _, crc := x.sums(); crc != f.crc {
		return damaged(-1, "the disk's CRC-32 is not what its end says")
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
			in := make([]byte, maxSegment+len(finalBlock))
			return func(j *decodeJob) error {
				content, err := f.chunk(d, in, j.entry)
				if err != nil {
					return err
				}
				return sink(j.entry.Chunk*ChunkSize, content)
			}
		},
		collect: func(j *decodeJob) error {
			opt.add(chunkLen(x.Size, j.entry.Chunk))
			return nil
		},
	}.run(ctx, opt.Workers)
}

type decodeJob struct{ entry *Entry }

// chunk reads one chunk and checks it.
func (f *File) chunk(d *inflater, in []byte, e *Entry) ([]byte, error) {
	segment := in[:e.Length]
	if n, err := f.r.ReadAt(segment, e.Offset); n < len(segment) {
		if errors.Is(err, io.EOF) {
			return nil, damaged(e.Chunk, "the file ends within it")
		}
		return nil, err
	}
	if crc32.Checksum(segment, castagnoli) != e.SegmentCRC {
		return nil, damaged(e.Chunk, "its compressed bytes have changed")
	}
	content, err := d.inflate(segment, chunkLen(f.Header.Size, e.Chunk))
	if err != nil {
		return nil, damaged(e.Chunk, "%v", err)
	}
	if sha256.Sum256(content) != e.SHA256 || crc32.ChecksumIEEE(content) != e.CRC {
		return nil, damaged(e.Chunk, "its content is not what was saved")
	}
	return content, nil
}
