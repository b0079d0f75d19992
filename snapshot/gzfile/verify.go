package gzfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"vmterminal/app/ondisk/guard"
)

// Verify reads every byte of the file once and compares: each data chunk with
// its SHA-256 and CRC-32, these with the image digest and the end's CRC-32, and
// all compressed bytes with the header's CRC-32C. x may be nil; the file is then
// read from start to end. The *Damage is that of the first bad chunk. opt.Add
// counts bytes of the file.
func (f *File) Verify(ctx context.Context, x *Index, opt Options) error {
	if x == nil {
		return f.verifyStream(ctx, opt)
	}
	return f.verifyChunks(ctx, x, opt)
}

func (f *File) verifyStream(ctx context.Context, opt Options) error {
	body := crc32.New(castagnoli)
	read := io.MultiReader(
		io.NewSectionReader(f.r, 0, f.headerLen),
		io.TeeReader(io.NewSectionReader(f.r, f.headerLen, f.Header.FileSize-f.headerLen), body))
	nowhere := func(int64, []byte) error { return nil }
	c, err := Stream(ctx, read, nowhere, opt)
	if err == nil {
		err = f.Check(c)
	}
	if err == nil {
		err = f.checkBody(body.Sum32())
	}
	return err
}

func (f *File) checkBody(crc uint32) error {
	if crc != f.Header.BodyCRC && guard.On(guard.BodyDigest) {
		return damaged(-1, "its compressed bytes have changed: their CRC-32C is not what its header says")
	}
	return nil
}

// verifyJob is one chunk; what is wrong with it waits for its turn, so that the
// first bad chunk is the one that is told.
type verifyJob struct {
	entry *Entry
	err   error
}

func (f *File) verifyChunks(ctx context.Context, x *Index, opt Options) error {
	if _, crc := x.sums(); !f.endsWith(crc) {
		return errEnd()
	}
	body := bodySum{f: f, crc: newCRCSum(crc32.Castagnoli), at: f.headerLen, opt: opt}
	opt.add(f.headerLen)
	next := 0
	err := stages[verifyJob]{
		produce: func(j *verifyJob) (bool, error) {
			if next == len(x.Entries) {
				return false, nil
			}
			j.entry = &x.Entries[next]
			next++
			return true, nil
		},
		worker: func() func(*verifyJob) error {
			d := newInflater()
			segment, buf := make([]byte, maxSegment), make([]byte, ChunkSize)
			return func(j *verifyJob) error {
				j.err = f.chunk(d, buf[:chunkLen(x.Size, j.entry.Chunk)], segment, j.entry)
				return nil
			}
		},
		collect: func(j *verifyJob) error {
			if j.err != nil {
				return j.err
			}
			return body.chunk(ctx, j.entry)
		},
	}.run(ctx, opt.Workers)
	if err == nil {
		err = body.between(ctx, f.Header.FileSize)
	}
	if err != nil {
		return err
	}
	return f.checkBody(body.crc.crc)
}

// bodySum puts the body's CRC-32C together from that of the segments, which
// were compared already, and what lies between them: zero segments and the end.
type bodySum struct {
	f   *File
	crc crcSum
	at  int64 // up to where the file is summed
	opt Options
	buf []byte
}

func (b *bodySum) chunk(ctx context.Context, e *Entry) error {
	if err := b.between(ctx, e.Offset); err != nil {
		return err
	}
	b.crc.add(e.SegmentCRC, int64(e.Length))
	b.at += int64(e.Length)
	b.opt.add(int64(e.Length))
	return nil
}

func (b *bodySum) between(ctx context.Context, end int64) error {
	for b.at < end {
		if err := ctx.Err(); err != nil {
			return err
		}
		if b.buf == nil {
			b.buf = make([]byte, ChunkSize)
		}
		part := b.buf[:min(ChunkSize, end-b.at)]
		if err := readAll(b.f.r, part, b.at); err != nil {
			return err
		}
		b.crc.add(crc32.Checksum(part, castagnoli), int64(len(part)))
		b.at += int64(len(part))
		b.opt.add(int64(len(part)))
	}
	return nil
}

func readAll(r io.ReaderAt, p []byte, off int64) error {
	n, err := r.ReadAt(p, off)
	switch {
	case n == len(p):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return damaged(-1, "it is cut short")
	}
	return fmt.Errorf("reading at byte %d: %w", off, err)
}

// CopyTo gives the whole file to w, as it is, and compares the compressed bytes
// on the way with the header's CRC-32C: what does not hold is noticed, but only
// after it was given away. opt.Add counts bytes of the file.
func (f *File) CopyTo(ctx context.Context, w io.Writer, opt Options) error {
	head, err := f.head()
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	opt.add(f.headerLen)
	body := uint32(0)
	buf := make([]byte, ChunkSize)
	for at := f.headerLen; at < f.Header.FileSize; {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := buf[:min(ChunkSize, f.Header.FileSize-at)]
		if err := readAll(f.r, part, at); err != nil {
			return err
		}
		body = crc32.Update(body, castagnoli, part)
		if _, err := w.Write(part); err != nil {
			return err
		}
		at += int64(len(part))
		opt.add(int64(len(part)))
	}
	return f.checkBody(body)
}

// head returns the bytes of the header. If they do not hold any more, as while
// they are being changed, they are made anew.
func (f *File) head() ([]byte, error) {
	b := make([]byte, f.headerLen)
	if err := readAll(f.r, b, 0); err != nil {
		return nil, err
	}
	if _, _, err := ReadHeader(bytes.NewReader(b)); err != nil {
		return f.Header.encode(len(b))
	}
	return b, nil
}
