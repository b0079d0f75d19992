package image

import (
	"bytes"
	"errors"
	"io"
)

// Format is how the disk lies in the file.
type Format string

// The formats that can be used.
const (
	Raw   Format = "raw"
	QCOW2 Format = "qcow2"
)

// Packing is what the whole file is packed with.
type Packing string

// The packings that can be used.
const (
	Plain Packing = ""
	Gzip  Packing = "gzip"
	XZ    Packing = "xz"
	Zstd  Packing = "zstd"
)

// magic is what a file of a kind holds at an offset.
type magic struct {
	at   int
	text string
	is   string
}

var packings = []magic{
	{0, "\x1f\x8b", string(Gzip)},
	{0, "\xfd7zXZ\x00", string(XZ)},
	{0, "\x28\xb5\x2f\xfd", string(Zstd)},
}

// strangers are kinds of files that are no disk as they are. Among them are the
// formats that QEMU would find if it were let guess.
var strangers = []magic{
	{0, "KDMV", "a VMware disk (VMDK)"},
	{0, "COWD", "a VMware disk (VMDK)"},
	{0, "# Disk DescriptorFile", "a VMware disk (VMDK)"},
	{0, "vhdxfile", "a Hyper-V disk (VHDX)"},
	{0, "conectix", "a Virtual PC disk (VHD)"},
	{64, "\x7f\x10\xda\xbe", "a VirtualBox disk (VDI)"},
	{0, "QED\x00", "a QED disk"},
	{0, "WithoutFreeSpace", "a Parallels disk"},
	{0, "WithouFreSpacExt", "a Parallels disk"},
	{0, "Bochs Virtual HD Image", "a Bochs disk"},
	{0, "OOOO", "a disk of DMG parts"},
	{0, "LUKS\xba\xbe", "encrypted (LUKS)"},
	{0, "BZh", "packed with bzip2: unpack it first"},
	{0, "PK\x03\x04", "a zip archive: unpack it first"},
	{0, "7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"},
	{257, "ustar", "a tar archive: unpack it first"},
	{0, "<!DOCTYPE", "a web page"},
	{0, "<!doctype", "a web page"},
	{0, "<html", "a web page"},
}

func find(table []magic, head []byte) (string, bool) {
	for _, m := range table {
		if len(head) > m.at && bytes.HasPrefix(head[m.at:], []byte(m.text)) {
			return m.is, true
		}
	}
	return "", false
}

// sector is the unit of disks.
const sector = 512

// formatOf tells the format of an unpacked file that begins with head.
func formatOf(head []byte) (Format, error) {
	if bytes.HasPrefix(head, []byte(qcow2Magic)) {
		return QCOW2, nil
	}
	if what, found := find(strangers, head); found {
		return "", notImage("it is %s", what)
	}
	if packing, found := find(packings, head); found {
		return "", notImage("it is packed twice, inside with %s: unpack it once", packing)
	}
	if !hasBootSector(head) {
		return "", notImage("it is neither qcow2 nor a disk with a boot sector")
	}
	return Raw, nil
}

// headSize is how much of a file tells what it is.
const headSize = 4096

// readHead reads the beginning of r, which may be shorter than headSize.
func readHead(r io.Reader) ([]byte, error) {
	head := make([]byte, headSize)
	n, err := io.ReadFull(r, head)
	if !errors.Is(err, ErrDamaged) && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
		err = nil
	}
	return head[:n], err
}

func hasBootSector(head []byte) bool {
	return len(head) >= sector && head[510] == 0x55 && head[511] == 0xaa
}
