package image

import (
	"context"
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
