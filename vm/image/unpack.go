package image

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// maxWindow is how much memory a file packed with zstd may ask for: what it takes
// without --ultra. Of xz the module does not let it be bounded; its memory is
// touched only as far as there is data.
const maxWindow = 128 << 20

// unpacker returns what is packed in the file, from its start; the caller must
// close it. Errors in the packed data wrap ErrDamaged. Packed bytes count as
// done.
func unpacker(f *os.File, packing Packing, p Progress) (io.ReadCloser, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	packed := bufio.NewReaderSize(&counted{io.NewSectionReader(f, 0, info.Size()), p}, 1<<20)
	var r io.ReadCloser
	switch packing {
	case Gzip:
		r, err = gzip.NewReader(packed)
	case Zstd:
		var z *zstd.Decoder
		if z, err = zstd.NewReader(packed, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderConcurrency(1)); err == nil {
			r = z.IOReadCloser()
		}
	case XZ:
		var x *xz.Reader
		if err = checkXZEnd(f, info.Size()); err == nil {
			x, err = xz.NewReader(packed)
		}
		r = io.NopCloser(x)
	default:
		return nil, fmt.Errorf("unknown packing %q", packing)
	}
	if err != nil {
		return nil, ofPacking(packing, err)
	}
	return &unpacked{r, packing}, nil
}

// checkXZEnd looks for the footer of an xz file, which may be followed by zeros:
// the module takes a file that is cut off between blocks for a shorter one.
func checkXZEnd(r io.ReaderAt, size int64) error {
	tail := make([]byte, min(size, headSize))
	if n, err := r.ReadAt(tail, size-int64(len(tail))); n < len(tail) {
		return err
	}
	if !bytes.HasSuffix(bytes.TrimRight(tail, "\x00"), []byte("YZ")) {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// unpacked tells damage from other errors of reading.
type unpacked struct {
	io.ReadCloser
	packing Packing
}

func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // a Reader's EOF is never wrapped
		err = ofPacking(u.packing, err)
	}
	return n, err
}

// ofPacking is what an error of unpacking means: damage, unless the file could not be
// read.
func ofPacking(packing Packing, err error) error {
	if errors.As(err, new(syscall.Errno)) {
		return err
	}
	return damaged("%s: %w", packing, err)
}

// counted tells of what is read.
type counted struct {
	io.Reader
	p Progress
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.p.Add(int64(n))
	return n, err
}
