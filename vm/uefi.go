package vm

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
)

// GPT partition types in their on-disk encoding: the EFI system partition, and the BIOS
// boot partition.
var (
	efiSystemPartition = []byte{0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b}
	biosBootPartition  = []byte("Hah!IdontNeedEFI")
)

const (
	sectorSize     = 512
	maxGPTEntries  = 1024 // limit on the entries read; a GPT usually has 128
	dosTypeEFI     = 0xef // MBR partition type of an EFI system partition
	dosTableOffset = 446
	dosEntryLen    = 16
)

// needsUEFI reports whether a disk can only be booted with UEFI: it has an EFI system
// partition and nothing that a BIOS could boot. It returns false if the disk cannot be
// read.
func needsUEFI(disk string) bool {
	f, err := os.Open(disk)
	if err != nil {
		return false
	}
	defer f.Close()
	first := make([]byte, 2*sectorSize)
	if _, err := io.ReadFull(f, first); err != nil {
		return false
	}
	table := first[sectorSize:]
	hasCode := !bytes.Equal(first[:dosTableOffset-6], make([]byte, dosTableOffset-6)) // the disk signature follows the boot code
	if hasCode {
		return false
	}
	if !bytes.HasPrefix(table, []byte("EFI PART")) {
		return first[510] == 0x55 && first[511] == 0xaa && hasDOSEFIPartition(first)
	}
	return isUEFIOnly(f, table)
}

func hasDOSEFIPartition(first []byte) bool {
	for i := range 4 {
		if first[dosTableOffset+i*dosEntryLen+4] == dosTypeEFI {
			return true
		}
	}
	return false
}

// isUEFIOnly reports whether a GPT has an EFI system partition and no BIOS boot partition.
func isUEFIOnly(f io.ReaderAt, header []byte) bool {
	at := int64(binary.LittleEndian.Uint64(header[72:]) & (1<<40 - 1))
	count, length := binary.LittleEndian.Uint32(header[80:]), binary.LittleEndian.Uint32(header[84:])
	if length < 128 || length > 4096 {
		return false
	}
	efi := false
	entry := make([]byte, 16)
	for i := range min(count, maxGPTEntries) {
		if _, err := f.ReadAt(entry, at*sectorSize+int64(i)*int64(length)); err != nil {
			return false
		}
		if bytes.Equal(entry, biosBootPartition) {
			return false
		}
		efi = efi || bytes.Equal(entry, efiSystemPartition)
	}
	return efi
}
