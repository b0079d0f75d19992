package image

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/therootcompany/xz"
)

// maxDictionary limits the memory of a decoder, in bytes: twice what xz -9 needs, and what
// zstd needs without --ultra.
const maxDictionary = 128 << 20

// decompress returns a reader for the decompressed file; reads fail once ctx ends. The caller
// must close it. Compressed bytes are reported as progress.
func decompress(ctx context.Context, from *os.File, info Info, opt Options) (io.ReadCloser, error) {
	stat, err := from.Stat()
	if err != nil {
		return nil, err
	}
	opt.Progress.Phase(PhaseUnpack, stat.Size())
	r, err := newDecompressor(&countingReader{ctx, io.NewSectionReader(from, 0, stat.Size()), opt.Progress}, info.Compression)
	if err != nil {
		return nil, err
	}
	return &contextReader{r, ctx}, nil
}

// contextReader fails once ctx ends. It wraps the decoder, not only its input, because
// decompressing data that was already read may take minutes.
type contextReader struct {
	io.ReadCloser
	ctx context.Context
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.ReadCloser.Read(p)
}

// newDecompressor returns a decompressor for r. Errors in the compressed data wrap
// ErrDamaged, or ErrNotImage if decompressing it needs more than maxDictionary.
func newDecompressor(r io.Reader, compression Compression) (io.ReadCloser, error) {
	buffered := bufio.NewReaderSize(r, 1<<20)
	var plain io.ReadCloser
	var err error
	switch compression {
	case Gzip:
		plain, err = newGzipReader(buffered)
	case Zstd:
		var z *zstd.Decoder
		if z, err = zstd.NewReader(buffered, zstd.WithDecoderMaxWindow(maxDictionary), zstd.WithDecoderConcurrency(1)); err == nil {
			plain = z.IOReadCloser()
		}
	case XZ:
		var x *xz.Reader
		x, err = xz.NewReader(buffered, maxDictionary)
		plain = io.NopCloser(x)
	default:
		return nil, fmt.Errorf("unknown packing %q", compression)
	}
	if err != nil {
		return nil, decompressError(compression, err)
	}
	return &decompressor{plain, compression}, nil
}

// decompressor classifies the errors of a decoder.
type decompressor struct {
	io.ReadCloser
	compression Compression
}

func (u *decompressor) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // a Reader's EOF is never wrapped
		err = decompressError(u.compression, err)
	}
	return n, err
}

// decompressError classifies an error of a decoder: the file is damaged unless it could not be
// read or needs too much memory.
func decompressError(compression Compression, err error) error {
	switch {
	case errors.As(err, new(syscall.Errno)), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, xz.ErrMemlimit), errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return notImageError("decompressing it needs more than %d MiB of memory; compress it again with default settings of %s", maxDictionary>>20, compression)
	}
	return damagedError("%s: %w", compression, err)
}

// gzipReader reads all members of a gzip file. Like gunzip it accepts zeros after the last
// one.
type gzipReader struct {
	*gzip.Reader
	in *bufio.Reader
}

func newGzipReader(in *bufio.Reader) (*gzipReader, error) {
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return &gzipReader{z, in}, nil
}

func (g *gzipReader) Read(p []byte) (int, error) {
	for {
		n, err := g.Reader.Read(p)
		if n > 0 || err != io.EOF { //nolint:errorlint // a Reader's EOF is never wrapped
			return n, err
		}
		if err := g.nextMember(); err != nil {
			return 0, err
		}
	}
}

// nextMember starts the next member. It returns io.EOF if only zeros follow.
func (g *gzipReader) nextMember() error {
	if next, err := g.in.Peek(1); err != nil {
		return err
	} else if next[0] != 0 {
		err := g.Reset(g.in)
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		g.Multistream(false)
		return err
	}
	for {
		b, err := g.in.ReadByte()
		if err != nil {
			return err
		}
		if b != 0 {
			return errTrailing
		}
	}
}

var errTrailing = errors.New("trailing garbage")

// countingReader reports the bytes read as progress, and fails once ctx ends.
type countingReader struct {
	ctx context.Context
	r   io.Reader
	p   Progress
}

func (c *countingReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.p.Add(int64(n))
	return n, err
}
