package gzfile

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"

	"vmterminal/snapshot/diskfile"
)

// Content describes the disk in a gzip file.
type Content struct {
	Size   int64
	Digest string // image digest
}

// Stream reads a gzip file of any tool, with one or more members, from start to end and
// writes the disk to sink. It checks every member's CRC-32 and length. Zeros after the last
// member are allowed, as tape drives add them; anything else there is damage. A disk of
// more than MaxDisk bytes is refused with ErrTooLarge. opt.Add counts bytes of the file.
// The other errors are those of [File.Decode].
func Stream(ctx context.Context, r io.Reader, sink Sink, opt Options) (Content, error) {
	m, err := newMemberReader(&watchedReader{ctx, r, opt})
	if err != nil {
		return Content{}, streamError(0, err)
	}
	var (
		out    Content
		sums   = &digest{h: sha256.New()}
		ended  bool
		chunks int64
	)
	err = stages[streamJob]{
		produce: func(j *streamJob) (bool, error) {
			if ended {
				return false, nil
			}
			if j.buf == nil {
				j.buf = make([]byte, ChunkSize)
			}
			n, err := io.ReadFull(m, j.buf)
			if n > 0 && chunks*ChunkSize+int64(n) > cmp.Or(opt.maxDisk, MaxDisk) {
				return false, ErrTooLarge
			}
			if ended = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF); err != nil && !ended {
				return false, streamError(chunks, err)
			}
			j.off, j.content = chunks*ChunkSize, j.buf[:n]
			chunks++
			return n > 0, nil
		},
		worker: func() func(*streamJob) error {
			return func(j *streamJob) error {
				if j.isZero = diskfile.DataBytes(j.content) == 0 && len(j.content) == ChunkSize; j.isZero {
					j.sum = zeroSHA()
					return nil
				}
				j.sum = sha256.Sum256(j.content)
				return nil
			}
		},
		collect: func(j *streamJob) error {
			sums.add(j.sum)
			out.Size += int64(len(j.content))
			if j.isZero {
				return nil
			}
			return sink(j.off, j.content)
		},
	}.run(ctx, opt.Workers)
	if err != nil {
		return Content{}, err
	}
	out.Digest = hex.EncodeToString(sums.h.Sum(nil))
	return out, nil
}

type streamJob struct {
	off          int64
	buf, content []byte
	isZero       bool // a whole chunk of zeros
	sum          [32]byte
}

// CheckContent returns a *Damage if the disk that Stream read does not match the header.
func (f *File) CheckContent(c Content) error {
	switch {
	case c.Size != f.Header.Size:
		return newDamage(-1, "the disk in the file is %d bytes long instead of %d", c.Size, f.Header.Size)
	case !f.matchesDigest(c.Digest):
		return wrongDigestError()
	}
	return nil
}

// streamError returns a *Damage, or the error of the file's reader.
func streamError(chunk int64, err error) error {
	var read *readError
	switch {
	case errors.As(err, &read):
		return read.err
	case errors.Is(err, errTruncated), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return newDamage(chunk, "the file is cut short")
	case errors.Is(err, gzip.ErrHeader):
		return newDamage(chunk, "there is no gzip data where it should be")
	case errors.Is(err, gzip.ErrChecksum):
		return newDamage(-1, "the CRC-32 or the length of its content is wrong")
	case errors.Is(err, errTrailing):
		return newDamage(-1, "%v", err)
	}
	return newDamage(chunk, "%v: %v", errSegment, err)
}

// readError is an error from reading the file, as opposed to one in its contents.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// watchedReader counts the bytes read, stops when the context ends, and wraps read errors
// in readError.
type watchedReader struct {
	ctx context.Context
	r   io.Reader
	opt Options
}

func (w *watchedReader) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, &readError{err}
	}
	n, err := w.r.Read(p)
	w.opt.add(int64(n))
	if err != nil && err != io.EOF {
		err = &readError{err}
	}
	return n, err
}

var errTrailing = errors.New("there is other data after the gzip data")

// memberReader reads the concatenated members of a gzip file.
type memberReader struct {
	in *bufio.Reader
	z  *gzip.Reader
}

func newMemberReader(r io.Reader) (*memberReader, error) {
	m := &memberReader{in: bufio.NewReaderSize(r, 256<<10)}
	z, err := gzip.NewReader(m.in)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	m.z = z
	return m, nil
}

func (m *memberReader) Read(p []byte) (int, error) {
	for {
		n, err := m.z.Read(p)
		if n > 0 || err == nil {
			return n, nil // the next call returns the error again
		}
		if err != io.EOF { //nolint:errorlint // io.Reader returns io.EOF itself
			return 0, truncatedIfEOF(err)
		}
		if err := m.openNext(); err != nil {
			return 0, err
		}
	}
}

// openNext opens the next member; it returns io.EOF after the last one.
func (m *memberReader) openNext() error {
	start, err := m.in.Peek(2)
	if len(start) == 2 && start[0] == 0x1f && start[1] == 0x8b {
		if err := m.z.Reset(m.in); err != nil {
			return truncatedIfEOF(err)
		}
		m.z.Multistream(false)
		return nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for {
		b, err := m.in.ReadByte()
		if err != nil {
			return err
		}
		if b != 0 {
			return errTrailing
		}
	}
}

// truncatedIfEOF converts an early end of the file to errTruncated, so that it does not
// look like the end of the disk.
func truncatedIfEOF(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errTruncated
	}
	return err
}

var errTruncated = errors.New("cut short")
