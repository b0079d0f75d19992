package image

import (
	"context"
	"errors"
	"io"
	"os"

	"vmterminal/snapshot/durable/diskformat"
)

// Info describes an image file.
type Info struct {
	Compression Compression
	Format      Format
	// DiskSize is the disk's size in bytes, or -1 if it is unknown without reading the
	// whole file: for compressed files and for formats that only QEMU reads.
	DiskSize int64

	member member
}

// maxCompressedHead limits how much of a compressed file is read to detect its contents.
const maxCompressedHead = 16 << 20

// Inspect detects the format of an open file and checks its metadata. It reads little of the
// file and ignores its offset. The error, if any, wraps ErrNotImage or ErrDamaged, or is an
// I/O error.
func Inspect(f *os.File) (Info, error) {
	stat, err := f.Stat()
	if err != nil {
		return Info{}, err
	}
	if !stat.Mode().IsRegular() {
		return Info{}, notImageError("it is not a regular file")
	}
	head, err := readHead(io.NewSectionReader(f, 0, stat.Size()))
	if err != nil {
		return Info{}, err
	}
	kind := diskformat.Recognize(head)
	if packing, found := compressions[kind]; found {
		return inspectCompressed(f, packing)
	}
	if kind == diskformat.Tar {
		return inspectOVA(f, stat.Size())
	}
	info := Info{DiskSize: -1}
	if info.Format, err = formatOf(head); err != nil {
		return Info{}, err
	}
	switch info.Format {
	case Raw:
		info.DiskSize, err = rawSize(f, stat.Size())
	case QCOW2:
		info.DiskSize, err = checkQCOW2(f, stat.Size())
	default:
		err = checkForeignFormat(f, stat.Size(), info.Format, head)
	}
	return info, err
}

// inspectCompressed inspects a compressed file.
func inspectCompressed(f *os.File, compression Compression) (Info, error) {
	r, err := newDecompressor(io.NewSectionReader(f, 0, maxCompressedHead), compression)
	if err != nil {
		return Info{}, err
	}
	defer func() { _ = r.Close() }() // r was only read
	head, err := readHead(r)
	if err != nil {
		return Info{}, err
	}
	format, err := formatOf(head)
	return Info{Compression: compression, Format: format, DiskSize: -1}, err
}

// CheckContent checks what Inspect does not: that a compressed file is complete, that an OVA
// matches the checksums in its manifest, and that a disk in a foreign format refers only to
// data in the file.
func CheckContent(ctx context.Context, f *os.File, opt Options) error {
	opt = opt.withDefaults()
	info, err := Inspect(f)
	if err != nil {
		return err
	}
	if info.Compression != Plain {
		return checkCompressed(ctx, f, info, opt)
	}
	if err := checkMember(ctx, f, info, opt); err != nil {
		return err
	}
	switch info.Format {
	case Raw:
		return CheckDisk(f, info.DiskSize, opt)
	case QCOW2:
		return nil
	default:
		_, err = checkForeignData(ctx, f, info)
		return err
	}
}

// checkMember checks what neither Inspect nor qemu-img checks: the checksums of an OVA, and
// that the compressed data of a VMDK is in the file.
func checkMember(ctx context.Context, f *os.File, info Info, opt Options) error {
	at, size := info.member.offset, info.member.size
	if size > 0 {
		if err := checkManifest(ctx, f, opt.Progress); err != nil {
			return err
		}
	} else {
		stat, err := f.Stat()
		if err != nil {
			return err
		}
		size = stat.Size()
	}
	if info.Format != VMDK {
		return nil
	}
	return checkCompressedVMDK(ctx, io.NewSectionReader(f, at, size), size)
}

// checkCompressed decompresses a file and checks its beginning.
func checkCompressed(ctx context.Context, f *os.File, info Info, opt Options) error {
	r, err := decompress(ctx, f, info, opt)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // r was only read
	head, err := readHead(r)
	if err != nil {
		return err
	}
	rest, err := io.Copy(io.Discard, r)
	if err != nil || info.Format != Raw {
		return err
	}
	size := int64(len(head)) + rest
	if err := diskformat.CheckSize(size); err != nil {
		return notImageError("%v", err)
	}
	return checkPartitions(head, size, opt)
}

// rawSize returns the size of the disk in a raw file that is size bytes long. The disk in a
// fixed-size VHD is smaller than the file, which has a footer.
func rawSize(r io.ReaderAt, size int64) (int64, error) {
	if err := diskformat.CheckSize(size); err != nil {
		return 0, notImageError("%v", err)
	}
	last := make([]byte, sector)
	if _, err := r.ReadAt(last, size-sector); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if disk, ok := diskformat.FixedVHD(last, size); ok {
		return disk, nil
	}
	if diskformat.Recognize(last) == diskformat.VHD {
		return 0, damagedError("the footer of this Virtual PC disk (VHD) does not match a file of %d bytes", size)
	}
	return size, nil
}

type noProgress struct{}

func (noProgress) Phase(string, int64) {}
func (noProgress) Add(int64)           {}
