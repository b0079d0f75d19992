package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// pieceSize is the granularity at which zeros become holes.
const pieceSize = 64 << 10

// Copy copies the file from to the empty file to. It shares the blocks if the file system
// supports that, and otherwise leaves holes for zeros. It neither syncs nor closes to.
func Copy(ctx context.Context, to, from *os.File, opt Options) error {
	opt = opt.withDefaults()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	if err := opt.CheckSize(info.Size()); err != nil {
		return err
	}
	opt.Progress.Phase(PhaseCopy, info.Size())
	if shareBlocks(to, from) {
		opt.Progress.Add(info.Size())
		return nil
	}
	return copyData(ctx, to, from, info.Size(), opt)
}

// copyData copies everything except holes.
func copyData(ctx context.Context, to, from *os.File, size int64, opt Options) error {
	for off := int64(0); off < size; {
		start, end, err := nextData(from, off, size)
		if err != nil {
			return err
		}
		opt.Progress.Add(start - off)
		if off, err = copySparseAt(to, &countingReader{ctx, io.NewSectionReader(from, start, end-start), opt.Progress}, start, size, opt); err != nil {
			return err
		}
		if off < end { // the file was truncated concurrently
			return fmt.Errorf("%s: %w", from.Name(), io.ErrUnexpectedEOF)
		}
	}
	return to.Truncate(size)
}

// CanShare reports whether the empty file to can share the blocks of from. Afterward, to is
// empty again.
func CanShare(to, from *os.File) (bool, error) {
	if !shareBlocks(to, from) {
		return false, nil
	}
	return true, to.Truncate(0)
}

// copySparse copies r to the empty file f and leaves holes for zeros. If r is longer than limit,
// the error is ErrTooLarge.
func copySparse(f *os.File, r io.Reader, limit int64, opt Options) (size int64, err error) {
	if size, err = copySparseAt(f, r, 0, limit, opt); err != nil {
		return 0, err
	}
	return size, f.Truncate(size)
}

// copySparseAt is like sparse, but starts at offset at and returns the end offset. If r ends with
// zeros, the file may end before that offset.
func copySparseAt(f *os.File, r io.Reader, at, limit int64, opt Options) (end int64, err error) {
	var zero [pieceSize]byte
	buf := make([]byte, pieceSize)
	for room := 0; ; {
		n, err := io.ReadFull(r, buf)
		if err := (Options{MaxSize: limit}).CheckSize(at + int64(n)); err != nil {
			return 0, err
		}
		if n > 0 && !bytes.Equal(buf[:n], zero[:n]) {
			if room < n {
				if err := opt.room(roomStep); err != nil {
					return 0, err
				}
				room = roomStep
			}
			room -= n
			if _, err := f.WriteAt(buf[:n], at); err != nil {
				return 0, err
			}
		}
		at += int64(n)
		switch {
		case err == nil:
		case errors.Is(err, ErrDamaged): // may wrap io.ErrUnexpectedEOF
			return 0, err
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return at, nil
		default:
			return 0, err
		}
	}
}
