package guest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
)

// MinSize is the minimum size of the guest's disk in bytes, which is the size of the
// embedded image. The guest grows its file system at boot.
const MinSize = 64 << 20

// blockSize is the size of a block of the image; blocks of zeros are not written.
const blockSize = 4096

// WriteDisk replaces the contents of f with a sparse disk that contains the guest and is size
// bytes long. It neither syncs nor closes f.
func WriteDisk(ctx context.Context, f *os.File, size int64) error {
	if !IsPresent() {
		return ErrNotBuilt
	}
	if size < MinSize {
		return fmt.Errorf("a disk of %d bytes is too small for the built-in guest, which needs %d", size, int64(MinSize))
	}
	compressed, err := files.Open(rootFile)
	if err != nil {
		return err
	}
	defer func() { _ = compressed.Close() }()
	image, err := gzip.NewReader(compressed)
	if err != nil {
		return fmt.Errorf("decompress the built-in guest's image: %w", err)
	}
	// Otherwise the holes would contain old data.
	if err := f.Truncate(0); err != nil {
		return err
	}
	if err := copySparse(ctx, f, image); err != nil {
		return fmt.Errorf("write the built-in guest's disk %s: %w", f.Name(), err)
	}
	return f.Truncate(size)
}

// copySparse copies the pieces that are not all zeros.
func copySparse(ctx context.Context, to io.WriterAt, from io.Reader) error {
	var zero [blockSize]byte
	buf := make([]byte, 256*blockSize)
	for at := int64(0); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := io.ReadFull(from, buf)
		for start := 0; start < n; start += blockSize {
			piece := buf[start:min(start+blockSize, n)]
			if bytes.Equal(piece, zero[:len(piece)]) {
				continue
			}
			if _, err := to.WriteAt(piece, at+int64(start)); err != nil {
				return err
			}
		}
		at += int64(n)
		if at == MinSize && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the image ends at %d of %d bytes: %w", at, int64(MinSize), err)
		}
	}
}
