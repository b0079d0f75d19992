package gzfile

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"

	"vmterminal/snapshot/diskfile"
)

// Content is what came out of a gzip file.
type Content struct {
	Size   int64
	Digest string // image digest
}

// Stream reads a gzip file of any tool from its start to its end, of one member
// or of many, and gives the disk to sink. Every member's CRC-32 and length are
// checked. Zeros after the last member are allowed, as tapes have them; anything
// else there is damage. More than MaxDisk ends with ErrTooLarge. opt.Add counts
// bytes of the file.
func Stream(ctx context.Context, r io.Reader, sink Sink, opt Options) (Content, error) {
	m, err := newMembers(&watchedReader{ctx, r, opt})
	if err != nil {
		return Content{}, streamError(0, err)
	}
	var (
		out    Content
		sums   = newDigest()
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
			if n > 0 && chunks*ChunkSize+int64(n) > cmp.Or(opt.most, MaxDisk) {
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
				if j.zero = diskfile.DataBytes(j.content) == 0 && len(j.content) == ChunkSize; j.zero {
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
			if j.zero {
				return nil
			}
			return sink(j.off, j.content)
		},
	}.run(ctx, opt.Workers)
	if err != nil {
		return Content{}, err
	}
	out.Digest = sums.hex()
	return out, nil
}

type streamJob struct {
	off          int64
	buf, content []byte
	zero         bool // a whole chunk of zeros
	sum          [32]byte
}

// Check compares what Stream found with what the header says.
func (f *File) Check(c Content) error {
	switch {
	case c.Size != f.Header.Size:
		return damaged(-1, "the disk in it is %d bytes and should be %d", c.Size, f.Header.Size)
	case !f.isDisk(c.Digest):
		return errDisk()
	}
	return nil
}

// streamError tells a file that does not hold from a file that cannot be read.
func streamError(chunk int64, err error) error {
	var read *readError
	switch {
	case errors.As(err, &read):
		return read.err
	case errors.Is(err, errCut), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return damaged(chunk, "the file is cut short")
	case errors.Is(err, gzip.ErrHeader):
		return damaged(chunk, "no gzip data where there should be some")
	case errors.Is(err, gzip.ErrChecksum):
		return damaged(-1, "the CRC-32 or length of its content is wrong")
	case errors.Is(err, errTrailing):
		return damaged(-1, "%v", err)
	}
	return damaged(chunk, "%v: %v", errSegment, err)
}

// readError is an error of the file under the decompressor, not of its content.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// A watchedReader reports what was read, ends with the context, and marks the
// errors of reading.
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

var errTrailing = errors.New("there is something else after the gzip data")

// members reads the members of a gzip file one after the other.
type members struct {
	in *bufio.Reader
	z  *gzip.Reader
}

func newMembers(r io.Reader) (*members, error) {
	m := &members{in: bufio.NewReaderSize(r, 256<<10)}
	z, err := gzip.NewReader(m.in)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	m.z = z
	return m, nil
}

func (m *members) Read(p []byte) (int, error) {
	for {
		n, err := m.z.Read(p)
		if n > 0 || err == nil {
			return n, nil // an error with data comes again
		}
		if err != io.EOF { //nolint:errorlint // io.Reader returns io.EOF itself
			return 0, noEOF(err)
		}
		if err := m.next(); err != nil {
			return 0, err
		}
	}
}

// next goes to the next member; io.EOF when there is none.
func (m *members) next() error {
	start, err := m.in.Peek(2)
	if len(start) == 2 && start[0] == 0x1f && start[1] == 0x8b {
		if err := m.z.Reset(m.in); err != nil {
			return noEOF(err)
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

// noEOF keeps an end in the middle from looking like the end of the disk.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errCut
	}
	return err
}

var errCut = errors.New("cut short")
