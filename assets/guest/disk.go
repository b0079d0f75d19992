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

// MinSize is the smallest disk that holds the guest, in bytes: the size of the
// image that is carried. The guest grows its file system at its start.
const MinSize = 64 << 20

// pieceSize is the unit in which zeros are left out, a block of the image.
const pieceSize = 4096

// WriteDisk makes f a disk of size bytes with the guest on it: sparse, from a
// few megabytes. What f held before is lost. f is neither synced nor closed.
func WriteDisk(ctx context.Context, f *os.File, size int64) error {
	if !Present() {
		return ErrNotBuilt
	}
	if size < MinSize {
		return fmt.Errorf("a disk of %d bytes is too small for the built-in guest: at least %d", size, int64(MinSize))
	}
	packed, err := files.Open(rootFile)
	if err != nil {
		return err
	}
	defer func() { _ = packed.Close() }()
	image, err := gzip.NewReader(packed)
	if err != nil {
		return fmt.Errorf("the built-in guest's image: %w", err)
	}
	// A disk that shrinks to nothing first has no old bytes in its holes.
	if err := f.Truncate(0); err != nil {
		return err
	}
	if err := copySparse(ctx, f, image); err != nil {
		return fmt.Errorf("write the built-in guest's disk %s: %w", f.Name(), err)
	}
	return f.Truncate(size)
}

// copySparse writes the pieces of from that are not zero, at their places.
func copySparse(ctx context.Context, to io.WriterAt, from io.Reader) error {
	var zero [pieceSize]byte
	buf := make([]byte, 256*pieceSize)
	for at := int64(0); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := io.ReadFull(from, buf)
		for start := 0; start < n; start += pieceSize {
			piece := buf[start:min(start+pieceSize, n)]
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
