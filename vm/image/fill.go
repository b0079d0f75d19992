package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"vmterminal/snapshot/durable"
)

// CanBeSource reports whether QEMU can read the disk of an image from its file, so that a lazy
// disk can be filled in from it.
func (i Info) CanBeSource(fileSize int64) bool {
	if i.Compression != Plain || i.member.size > 0 {
		return false
	}
	return i.Format == QCOW2 || i.Format == Raw && i.DiskSize == fileSize
}

// headSize is how many bytes at the start of a disk WriteHead writes: the boot sector, the
// partition table, and the start of the first partition.
const headSize = 2 << 20

// WriteHead writes the first bytes of an image's disk to an empty file, and checks the disk as
// Write does. info must come from Inspect, and CanBeSource must be true.
func WriteHead(ctx context.Context, disk, from *os.File, info Info, opt Options) error {
	opt = opt.withDefaults()
	if err := opt.CheckSize(info.DiskSize); err != nil {
		return err
	}
	if err := convertPart(ctx, disk, from, info, 0, min(headSize, info.DiskSize), true, opt); err != nil {
		return err
	}
	return CheckDisk(disk, info.DiskSize, opt)
}

// Fill writes the disk of an image to a file, whose first size bytes may have other contents:
// they become the disk, followed by zeros. Fill neither writes after them nor syncs the file.
// After an error the contents of these bytes are undefined.
func Fill(ctx context.Context, disk, from *os.File, size int64, opt Options) error {
	opt = opt.withDefaults()
	info, err := Inspect(from)
	if err != nil {
		return err
	}
	st, err := from.Stat()
	if err != nil {
		return err
	}
	if !info.CanBeSource(st.Size()) || info.DiskSize > size {
		return notImageError("its disk cannot be read in place")
	}
	cleared := durable.PunchHole(disk, 0, size)
	if cleared != nil {
		if err := clearData(ctx, disk, info.DiskSize, size); err != nil {
			return err
		}
	}
	opt.Progress.Phase(PhaseConvert, info.DiskSize)
	return convertParts(ctx, disk, from, info, info.DiskSize, cleared == nil, opt)
}

// clearData writes zeros over what is not a hole between at and end.
func clearData(ctx context.Context, disk *os.File, at, end int64) error {
	var zeros [pieceSize]byte
	for at < end {
		start, stop, err := nextData(disk, at, end)
		if err != nil {
			return err
		}
		for at = start; at < stop; {
			n, err := disk.WriteAt(zeros[:min(int64(len(zeros)), stop-at)], at)
			if err := errors.Join(ctx.Err(), err); err != nil {
				return err
			}
			at += int64(n)
		}
		at = max(at, stop)
	}
	return nil
}

// convertParts writes the first size bytes of an image's disk to the file disk, in parts that
// each fit into the free space. isZero promises that the file has only zeros there.
func convertParts(ctx context.Context, disk, from *os.File, info Info, size int64, isZero bool, opt Options) error {
	for at := int64(0); at < size; {
		length := size - at
		for length > roomStep && opt.room(length) != nil {
			length = max(roomStep, length/2/sector*sector)
		}
		if err := opt.room(min(length, roomStep)); err != nil {
			return err
		}
		if err := convertPart(ctx, disk, from, info, at, length, isZero, opt); err != nil {
			return err
		}
		at += length
	}
	return nil
}

// convertPart runs qemu-img to write length bytes at offset at.
func convertPart(ctx context.Context, disk, from *os.File, info Info, at, length int64, isZero bool, opt Options) error {
	if st, err := disk.Stat(); err != nil {
		return err
	} else if st.Size() < at+length {
		return fmt.Errorf("%s: %w", disk.Name(), io.ErrUnexpectedEOF)
	}
	args := []string{"convert", "-p", "-n"}
	if isZero {
		args = append(args, "--target-is-zero")
	}
	args = append(args, "-O", "raw", partNode(imageNode(info), at, length), partNode(fileNode("raw", diskPath, member{}), at, length))
	return runQEMUImg(ctx, args, from, disk, func(out io.Reader) error {
		reportProgress(out, length, opt)
		return nil
	})
}
