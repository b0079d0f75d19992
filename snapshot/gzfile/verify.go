package gzfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"vmterminal/snapshot/durable/guard"
)

// Verify reads every byte of the file once and checks the SHA-256 and CRC-32 of each data
// chunk, the image digest, the disk's CRC-32, and the CRC-32C of all compressed bytes. If x
// is nil, the file is read in sequence, without an index. The errors are those of
// [File.Decode]; a *Damage names the first bad chunk. opt.Add counts bytes of the file.
func (f *File) Verify(ctx context.Context, x *Index, opt Options) error {
	if x == nil {
		return f.verifyStream(ctx, opt)
	}
	return f.verifyChunks(ctx, x, opt)
}

func (f *File) verifyStream(ctx context.Context, opt Options) error {
	body := crc32.New(castagnoli)
	read := io.MultiReader(
		io.NewSectionReader(f.r, 0, f.HeaderLen),
		io.TeeReader(io.NewSectionReader(f.r, f.HeaderLen, f.Header.FileSize-f.HeaderLen), body))
	discard := func(int64, []byte) error { return nil }
	c, err := Stream(ctx, read, discard, opt)
	if err == nil {
		err = f.CheckContent(c)
	}
	if err == nil {
		err = f.checkBody(body.Sum32())
	}
	return err
}

func (f *File) checkBody(crc uint32) error {
	if crc != f.Header.BodyCRC && guard.On(guard.BodyDigest) {
		return newDamage(-1, "its compressed bytes have changed: their CRC-32C does not match the one in the header")
	}
	return nil
}

// verifyJob is one chunk. Its error is returned in the order of the disk, so that the
// first bad chunk is reported.
type verifyJob struct {
	entry *Entry
	err   error
}

func (f *File) verifyChunks(ctx context.Context, x *Index, opt Options) error {
	if _, crc := x.computeSums(); !f.matchesCRC(crc) {
		return wrongCRCError()
	}
	body := bodySum{f: f, crc: newCRCSum(crc32.Castagnoli), at: f.HeaderLen, opt: opt}
	opt.add(f.HeaderLen)
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
			d := new(inflater)
			segment, buf := make([]byte, maxSegment), make([]byte, ChunkSize)
			return func(j *verifyJob) error {
				j.err = f.readChunk(d, buf[:chunkLen(x.Size, j.entry.Chunk)], segment, j.entry)
				return nil
			}
		},
		collect: func(j *verifyJob) error {
			if j.err != nil {
				return j.err
			}
			return body.addSegment(ctx, j.entry)
		},
	}.run(ctx, opt.Workers)
	if err == nil {
		err = body.readTo(ctx, f.Header.FileSize)
	}
	if err != nil {
		return err
	}
	return f.checkBody(body.crc.crc)
}

// bodySum combines the body's CRC-32C from those of the data segments, which have been
// checked, and from the bytes between them: zero segments and the trailer.
type bodySum struct {
	f   *File
	crc crcSum
	at  int64 // offset of the first byte that is not in crc yet
	opt Options
	buf []byte
}

func (b *bodySum) addSegment(ctx context.Context, e *Entry) error {
	if err := b.readTo(ctx, e.Offset); err != nil {
		return err
	}
	b.crc.add(e.SegmentCRC, int64(e.Length))
	b.at += int64(e.Length)
	b.opt.add(int64(e.Length))
	return nil
}

// readTo adds the bytes of the file up to offset end.
func (b *bodySum) readTo(ctx context.Context, end int64) error {
	for b.at < end {
		if err := ctx.Err(); err != nil {
			return err
		}
		if b.buf == nil {
			b.buf = make([]byte, ChunkSize)
		}
		part := b.buf[:min(ChunkSize, end-b.at)]
		if err := readFull(b.f.r, part, b.at); err != nil {
			return err
		}
		b.crc.add(crc32.Checksum(part, castagnoli), int64(len(part)))
		b.at += int64(len(part))
		b.opt.add(int64(len(part)))
	}
	return nil
}

func readFull(r io.ReaderAt, p []byte, off int64) error {
	n, err := r.ReadAt(p, off)
	switch {
	case n == len(p):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return newDamage(-1, "the file is cut short")
	}
	return fmt.Errorf("reading at byte %d: %w", off, err)
}

// CopyTo copies the file to w and checks the CRC-32C of the compressed bytes as it goes, so
// it finds damage only after writing it to w. opt.Add counts bytes of the file.
func (f *File) CopyTo(ctx context.Context, w io.Writer, opt Options) error {
	head, err := f.headerBytes()
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	opt.add(f.HeaderLen)
	body := uint32(0)
	buf := make([]byte, min(ChunkSize, f.Header.FileSize-f.HeaderLen))
	for at := f.HeaderLen; at < f.Header.FileSize; {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := buf[:min(ChunkSize, f.Header.FileSize-at)]
		if err := readFull(f.r, part, at); err != nil {
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

// headerBytes returns the bytes of the header. If they are inconsistent, because the header is
// being changed, it encodes f.Header instead.
func (f *File) headerBytes() ([]byte, error) {
	b := make([]byte, f.HeaderLen)
	if err := readFull(f.r, b, 0); err != nil {
		return nil, err
	}
	if _, _, err := ReadHeader(bytes.NewReader(b)); err != nil {
		return f.Header.encode(len(b))
	}
	return b, nil
}
