// Package diskformat recognizes the format of a disk file by its first and last bytes.
// Creating VMs, restoring and importing all use it, so that a file that cannot be a raw
// disk is refused everywhere. It imports no other package of this module.
package diskformat

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Kind is a file format. Its text completes "it is …".
type Kind string

// The kinds. Raw is anything that is not recognized as another kind.
const (
	Raw         Kind = "a raw disk"
	QCOW2       Kind = "a qcow2 image"
	VMDK        Kind = "a VMware disk (VMDK)"
	VMDKText    Kind = "the description of a VMware disk whose data is in other files"
	VMDKESX     Kind = "a VMware disk of an ESX server (COWD)"
	VDI         Kind = "a VirtualBox disk (VDI)"
	VHD         Kind = "a Virtual PC disk (VHD)"
	VHDX        Kind = "a Hyper-V disk (VHDX)"
	QED         Kind = "a QED disk"
	Parallels   Kind = "a Parallels disk"
	Bochs       Kind = "a Bochs disk"
	Cloop       Kind = "a compressed loop image (cloop)"
	LUKS        Kind = "encrypted (LUKS)"
	Gzip        Kind = "a gzip file"
	XZ          Kind = "an xz file"
	Zstd        Kind = "a zstd file"
	Bzip2       Kind = "a bzip2 file"
	LZ4         Kind = "an lz4 file"
	Zip         Kind = "a zip archive"
	SevenZip    Kind = "a 7z archive"
	Tar         Kind = "a tar archive"
	HTML        Kind = "a web page"
	signatureAt      = 257 // of tar
)

const (
	// HeadSize is the number of bytes at the start of a file that Recognize needs.
	HeadSize = 8192
	// SectorSize is the unit of disks, in bytes.
	SectorSize = 512
)

var signatures = []struct {
	at   int
	text string
	kind Kind
}{
	{0, "QFI\xfb", QCOW2},
	{0, "KDMV", VMDK},
	{0, "# Disk DescriptorFile", VMDKText},
	{0, "COWD", VMDKESX},
	{64, "\x7f\x10\xda\xbe", VDI},
	{0, "conectix", VHD},
	{0, "vhdxfile", VHDX},
	{0, "QED\x00", QED},
	{0, "WithoutFreeSpace", Parallels},
	{0, "WithouFreSpacExt", Parallels},
	{0, "Bochs Virtual HD Image", Bochs},
	{0, "#!/bin/sh\n#V2.0 Format\n", Cloop},
	{0, "LUKS\xba\xbe", LUKS},
	{0, "\x1f\x8b\x08", Gzip},
	{0, "\xfd7zXZ\x00", XZ},
	{0, "\x28\xb5\x2f\xfd", Zstd},
	{0, "BZh", Bzip2},
	{0, "\x04\x22\x4d\x18", LZ4},
	{0, "PK\x03\x04", Zip},
	{0, "7z\xbc\xaf\x27\x1c", SevenZip},
	{0, "<!DOCTYPE", HTML},
	{0, "<!doctype", HTML},
	{0, "<html", HTML},
}

// Recognize returns the kind of a file. head is its first HeadSize bytes, or the whole file
// if it is shorter.
func Recognize(head []byte) Kind {
	for _, s := range signatures {
		if len(head) > s.at && bytes.HasPrefix(head[s.at:], []byte(s.text)) {
			return s.kind
		}
	}
	if isTar(head) {
		return Tar
	}
	return Raw
}

// isTar reports whether head has tar's signature and the right checksum of a tar header,
// which no boot sector has by chance.
func isTar(head []byte) bool {
	const sumAt, sumLen = 148, 8
	if len(head) < SectorSize || !bytes.HasPrefix(head[signatureAt:], []byte("ustar")) {
		return false
	}
	stored, err := strconv.ParseInt(strings.Trim(string(head[sumAt:sumAt+sumLen]), " \x00"), 8, 64)
	sum := int64(sumLen * ' ') // the checksum counts as spaces
	for at, b := range head[:SectorSize] {
		if at < sumAt || at >= sumAt+sumLen {
			sum += int64(b)
		}
	}
	return err == nil && sum == stored
}

// FixedVHD returns the size of the disk in a VHD file of fixed size, which is a raw disk
// followed by a footer of one sector. last is the last sector of the file, and size the
// file's size in bytes. ok is false if last is not such a footer.
func FixedVHD(last []byte, size int64) (disk int64, ok bool) {
	const currentSizeAt, typeAt, typeFixed = 48, 60, 2
	if len(last) != SectorSize || !bytes.HasPrefix(last, []byte("conectix")) {
		return 0, false
	}
	disk = int64(binary.BigEndian.Uint64(last[currentSizeAt:]))
	return disk, binary.BigEndian.Uint32(last[typeAt:]) == typeFixed && disk == size-SectorSize
}

// CheckSize returns an error if size cannot be the size of a disk, in bytes.
func CheckSize(size int64) error {
	switch {
	case size == 0:
		return errors.New("it is empty")
	case size%SectorSize != 0:
		return fmt.Errorf("its %d bytes are not a whole number of %d-byte sectors: it may be cut off", size, SectorSize)
	}
	return nil
}
