package vm

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
)

// Kinds of partitions, as they are written in a table: the system's of EFI, and that
// for what a BIOS starts.
var (
	efiSystem = []byte{0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b}
	biosBoot  = []byte("Hah!IdontNeedEFI")
)

const (
	sectorSize  = 512
	maxEntries  = 1024 // of a table: tables have 128
	dosEFI      = 0xef // a DOS partition's kind
	dosTableAt  = 446
	dosEntryLen = 16
)

// NeedsUEFI tells whether only UEFI can start a disk: there is a system partition of
// EFI, and nothing that a BIOS would start. What cannot be read does not need it.
func NeedsUEFI(disk string) bool {
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
	hasCode := !bytes.Equal(first[:dosTableAt-6], make([]byte, dosTableAt-6)) // a disk's number stands behind the code
	if hasCode {
		return false
	}
	if !bytes.HasPrefix(table, []byte("EFI PART")) {
		return first[510] == 0x55 && first[511] == 0xaa && hasDOSSystem(first)
	}
	return hasOnlyEFI(f, table)
}

func hasDOSSystem(first []byte) bool {
	for i := range 4 {
		if first[dosTableAt+i*dosEntryLen+4] == dosEFI {
			return true
		}
	}
	return false
}

// hasOnlyEFI looks through the entries of a GUID partition table.
func hasOnlyEFI(f io.ReaderAt, header []byte) bool {
	at := int64(binary.LittleEndian.Uint64(header[72:]) & (1<<40 - 1))
	count, length := binary.LittleEndian.Uint32(header[80:]), binary.LittleEndian.Uint32(header[84:])
	if length < 128 || length > 4096 {
		return false
	}
	efi := false
	entry := make([]byte, 16)
	for i := range min(count, maxEntries) {
		if _, err := f.ReadAt(entry, at*sectorSize+int64(i)*int64(length)); err != nil {
			return false
		}
		if bytes.Equal(entry, biosBoot) {
			return false
		}
		efi = efi || bytes.Equal(entry, efiSystem)
	}
	return efi
}
