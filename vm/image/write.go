package image

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Options holds the settings for writing a disk. The zero value has no limits.
type Options struct {
	// MaxSize is the maximum size of the disk in bytes; 0 means no limit.
	MaxSize int64
	// Room, if set, is called during the writing. It should return an error if there is not
	// enough free space for the given number of additional bytes; the error ends the writing.
	// It is called from one goroutine.
	Room func(bytes int64) error
	// Force accepts a disk that is smaller than its partition table requires.
	Force bool
	// Progress may be nil.
	Progress Progress
}

// roomStep is how many bytes are written between two checks of the free space.
const roomStep = 4 << 20

func (o Options) room(bytes int64) error {
	if o.Room == nil {
		return nil
	}
	return o.Room(bytes)
}

func (o Options) withDefaults() Options {
	if o.Progress == nil {
		o.Progress = noProgress{}
	}
	return o
}

func (o Options) limit() int64 {
	if o.MaxSize == 0 {
		return maxDisk
	}
	return o.MaxSize
}

// Write writes the disk of an image to an empty file that is open for reading and writing.
// The disk is sparse and has the image's own size, which Write returns. Write neither syncs
// nor closes the file. After an error the file's contents are undefined. Even when ctx has
// ended, Write returns only after all writes have finished.
func Write(ctx context.Context, disk, from *os.File, opt Options) (size int64, err error) {
	opt = opt.withDefaults()
	info, err := Inspect(from)
	if err != nil {
		return 0, err
	}
	switch {
	case info.Compression == Plain:
		size, err = writePlain(ctx, disk, from, info, opt)
	case info.Format == Raw:
		size, err = writeCompressedRaw(ctx, disk, from, info, opt)
	default:
		size, err = writeCompressedFormat(ctx, disk, from, info, opt)
	}
	if err != nil {
		return 0, err
	}
	return size, CheckDisk(disk, size, opt)
}

// writePlain writes the disk of a file that is not compressed.
func writePlain(ctx context.Context, disk, from *os.File, info Info, opt Options) (size int64, err error) {
	if err := checkMember(ctx, from, info, opt); err != nil {
		return 0, err
	}
	size = info.DiskSize
	if size < 0 {
		if size, err = checkForeignData(ctx, from, info); err != nil {
			return 0, err
		}
	}
	if err := opt.CheckSize(size); err != nil {
		return 0, err
	}
	if info.Format != Raw {
		return size, convert(ctx, disk, from, info, size, opt)
	}
	opt.MaxSize = 0 // the file may be larger than the disk by the footer of a VHD
	if err := Copy(ctx, disk, from, opt); err != nil {
		return 0, err
	}
	return size, disk.Truncate(size)
}

// CheckSize returns ErrTooLarge if a disk has more than MaxSize bytes.
func (o Options) CheckSize(size int64) error {
	if size <= o.limit() {
		return nil
	}
	return fmt.Errorf("%w than that: %d bytes, limit %d", ErrTooLarge, size, o.limit())
}

func writeCompressedRaw(ctx context.Context, disk, from *os.File, info Info, opt Options) (int64, error) {
	r, err := decompress(ctx, from, info, opt)
	if err != nil {
		return 0, err
	}
	defer func() { _ = r.Close() }() // it was only read
	whole, err := copySparse(disk, r, opt.limit()+sector, opt)
	if err != nil {
		return 0, err
	}
	size, err := rawSize(disk, whole)
	if err == nil {
		err = opt.CheckSize(size)
	}
	if err != nil {
		return 0, err
	}
	return size, disk.Truncate(size) // without the footer of a VHD
}

// writeCompressedFormat decompresses the image to an unlinked file in the disk's folder,
// which cannot be left behind, and writes the disk from it.
func writeCompressedFormat(ctx context.Context, disk, from *os.File, info Info, opt Options) (int64, error) {
	plain, err := os.CreateTemp(filepath.Dir(disk.Name()), ".image-*")
	if err != nil {
		return 0, err
	}
	defer plain.Close()
	if err := os.Remove(plain.Name()); err != nil {
		return 0, err
	}
	r, err := decompress(ctx, from, info, opt)
	if err != nil {
		return 0, err
	}
	defer func() { _ = r.Close() }() // it was only read
	if _, err := copySparse(plain, r, maxDisk, opt); err != nil {
		return 0, err
	}
	inner, err := Inspect(plain)
	if err != nil {
		return 0, err
	}
	return writePlain(ctx, disk, plain, inner, opt)
}
