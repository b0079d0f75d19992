package image

import (
	"errors"
	"io"

	"vmterminal/snapshot/durable/diskformat"
)

// Format is a disk image format.
type Format string

// Supported formats.
const (
	Raw   Format = "raw"
	QCOW2 Format = "qcow2"
	VMDK  Format = "vmdk"
	VDI   Format = "vdi"
	VHD   Format = "vhd"
	VHDX  Format = "vhdx"
)

// Compression is the compression of a whole file.
type Compression string

// Supported compressions.
const (
	Plain Compression = ""
	Gzip  Compression = "gzip"
	XZ    Compression = "xz"
	Zstd  Compression = "zstd"
)

var compressions = map[diskformat.Kind]Compression{diskformat.Gzip: Gzip, diskformat.XZ: XZ, diskformat.Zstd: Zstd}

var formats = map[diskformat.Kind]Format{
	diskformat.QCOW2: QCOW2, diskformat.VMDK: VMDK, diskformat.VDI: VDI, diskformat.VHD: VHD, diskformat.VHDX: VHDX,
}

// sector is the sector size in bytes.
const sector = diskformat.SectorSize

// formatOf returns the format of an uncompressed file that starts with head.
func formatOf(head []byte) (Format, error) {
	kind := diskformat.Recognize(head)
	if format, known := formats[kind]; known {
		return format, nil
	}
	_, isPacking := compressions[kind]
	switch {
	case isPacking:
		return "", notImageError("it is compressed twice: it contains %s", kind)
	case kind == diskformat.VMDKText:
		return "", notImageError("it is %s: export the disk as one file, or as OVA", kind)
	case kind == diskformat.VMDKESX:
		return "", notImageError("it is %s: export it as OVA", kind)
	case kind == diskformat.Bzip2 || kind == diskformat.LZ4 || kind == diskformat.Zip || kind == diskformat.SevenZip || kind == diskformat.Tar:
		return "", notImageError("it is %s: unpack it first", kind)
	case kind != diskformat.Raw:
		return "", notImageError("it is %s", kind)
	case !hasBootSector(head):
		return "", notImageError("it has no boot sector and is not in a known format")
	}
	return Raw, nil
}

// readHead reads the beginning of r, which may be shorter than diskformat.HeadSize.
func readHead(r io.Reader) ([]byte, error) {
	head := make([]byte, diskformat.HeadSize)
	n, err := io.ReadFull(r, head)
	if !errors.Is(err, ErrDamaged) && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
		err = nil
	}
	return head[:n], err
}

func hasBootSector(head []byte) bool {
	return len(head) >= sector && head[510] == 0x55 && head[511] == 0xaa
}
