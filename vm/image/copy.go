package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

const (
	// pieceSize is the unit in which zeros are left out.
	pieceSize = 64 << 10
	// roomEvery is how many bytes are written between two looks at the room.
	roomEvery = 16 << 20
)

// Copy makes to, an empty file, a copy of from: of the same blocks where the file
// system can, else with holes where it is zero. to is neither synced nor closed.
func Copy(ctx context.Context, to, from *os.File, opt Options) error {
	if opt.Progress == nil {
		opt.Progress = silent{}
	}
	info, err := from.Stat()
	if err != nil {
		return err
	}
	if info.Size() > opt.limit() {
		return tooLarge(info.Size(), opt)
	}
	opt.Progress.Phase(PhaseCopy, info.Size())
	if shared(to, from) {
		opt.Progress.Add(info.Size())
		return nil
	}
	return copyData(ctx, to, from, info.Size(), opt)
}

// copyData copies what is in no hole.
func copyData(ctx context.Context, to, from *os.File, size int64, opt Options) error {
	for off := int64(0); off < size; {
		start, end, err := dataFrom(from, off, size)
		if err != nil {
			return err
		}
		opt.Progress.Add(start - off)
		if off, err = sparseAt(ctx, to, &counted{io.NewSectionReader(from, start, end-start), opt.Progress}, start, opt.limit(), opt); err != nil {
			return err
		}
		if off < end { // it has become shorter meanwhile
			return fmt.Errorf("%s: %w", from.Name(), io.ErrUnexpectedEOF)
		}
	}
	return to.Truncate(size)
}

// CanShare tells whether to, an empty file, could be of the same blocks as from. It
// is empty again.
func CanShare(to, from *os.File) (bool, error) {
	if !shared(to, from) {
		return false, nil
	}
	return true, to.Truncate(0)
}

// sparse writes what r has to f, an empty file, and leaves holes where it is zero.
// What is longer than limit is ErrTooLarge.
func sparse(ctx context.Context, f *os.File, r io.Reader, limit int64, opt Options) (size int64, err error) {
	if size, err = sparseAt(ctx, f, r, 0, limit, opt); err != nil {
		return 0, err
	}
	return size, f.Truncate(size)
}

// sparseAt writes what r has from at on, and returns where that ends. The file may
// be shorter.
func sparseAt(ctx context.Context, f *os.File, r io.Reader, at, limit int64, opt Options) (end int64, err error) {
	var zero [pieceSize]byte
	buf := make([]byte, pieceSize)
	for looked := at - roomEvery; ; {
		if at-looked >= roomEvery {
			if err := errors.Join(ctx.Err(), opt.room()); err != nil {
				return 0, err
			}
			looked = at
		}
		n, err := io.ReadFull(r, buf)
		if at+int64(n) > limit {
			return 0, tooLarge(at+int64(n), Options{MaxSize: limit})
		}
		if n > 0 && !bytes.Equal(buf[:n], zero[:n]) {
			if _, err := f.WriteAt(buf[:n], at); err != nil {
				return 0, err
			}
		}
		at += int64(n)
		switch {
		case err == nil:
		case errors.Is(err, ErrDamaged): // whatever the cause
			return 0, err
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return at, nil
		default:
			return 0, err
		}
	}
}
