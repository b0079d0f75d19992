package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Options is what a disk is written with. The zero value has no limits.
type Options struct {
	// MaxSize is the largest disk that is wanted, in bytes; 0: any.
	MaxSize int64
	// Room is asked now and then, from one goroutine, whether there is room to go
	// on; its error ends the writing. nil: there is.
	Room func() error
	// Progress may be nil.
	Progress Progress
}

func (o Options) room() error {
	if o.Room == nil {
		return nil
	}
	return o.Room()
}

func (o Options) limit() int64 {
	if o.MaxSize == 0 {
		return maxDisk
	}
	return o.MaxSize
}

// Write makes disk, an empty file that is open for reading and writing, the disk
// of an image: sparse, of the image's own size, which it returns. The disk is
// neither synced nor closed, and after an error it holds something of no use. It
// returns only once nothing works on the disk any more, also when ctx has ended.
func Write(ctx context.Context, disk, from *os.File, opt Options) (size int64, err error) {
	if opt.Progress == nil {
		opt.Progress = silent{}
	}
	info, err := Look(from)
	if err != nil {
		return 0, err
	}
	if info.DiskSize > opt.limit() {
		return 0, tooLarge(info.DiskSize, opt)
	}
	switch {
	case info.Packing != Plain && info.Format == QCOW2:
		return writePackedQCOW2(ctx, disk, from, info, opt)
	case info.Packing != Plain:
		return writePackedRaw(ctx, disk, from, info, opt)
	case info.Format == QCOW2:
		return info.DiskSize, convertBootable(ctx, disk, from, info.DiskSize, opt)
	default:
		return info.DiskSize, Copy(ctx, disk, from, opt)
	}
}

func tooLarge(size int64, opt Options) error {
	return fmt.Errorf("%w than that: %d bytes, not %d or less", ErrTooLarge, size, opt.limit())
}

func writePackedRaw(ctx context.Context, disk, from *os.File, info Info, opt Options) (int64, error) {
	r, err := unpack(from, info, opt)
	if err != nil {
		return 0, err
	}
	defer func() { _ = r.Close() }() // it was only read
	size, err := sparse(ctx, disk, r, opt.limit(), opt)
	if err != nil {
		return 0, err
	}
	return size, checkRaw(disk, size)
}

// writePackedQCOW2 unpacks into a file without a name beside the disk: whatever
// happens, nothing is left of it.
func writePackedQCOW2(ctx context.Context, disk, from *os.File, info Info, opt Options) (int64, error) {
	plain, err := os.CreateTemp(filepath.Dir(disk.Name()), ".image-*")
	if err != nil {
		return 0, err
	}
	defer plain.Close()
	if err := os.Remove(plain.Name()); err != nil {
		return 0, err
	}
	r, err := unpack(from, info, opt)
	if err != nil {
		return 0, err
	}
	defer func() { _ = r.Close() }() // it was only read
	length, err := sparse(ctx, plain, r, maxDisk, opt)
	if err != nil {
		return 0, err
	}
	size, err := checkQCOW2(plain, length)
	if err != nil {
		return 0, err
	}
	if size > opt.limit() {
		return 0, tooLarge(size, opt)
	}
	return size, convertBootable(ctx, disk, plain, size, opt)
}

// convertBootable is convert of a disk that has to begin as Look wants it of a raw one.
func convertBootable(ctx context.Context, disk, from *os.File, size int64, opt Options) error {
	if err := convert(ctx, disk, from, size, opt); err != nil {
		return err
	}
	head := make([]byte, sector)
	if _, err := disk.ReadAt(head, 0); err != nil {
		return err
	}
	if !hasBootSector(head) {
		return notImage("the disk in it has no boot sector")
	}
	return nil
}

func unpack(from *os.File, info Info, opt Options) (io.ReadCloser, error) {
	stat, err := from.Stat()
	if err != nil {
		return nil, err
	}
	opt.Progress.Phase(PhaseUnpack, stat.Size())
	return unpacker(from, info.Packing, opt.Progress)
}

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
