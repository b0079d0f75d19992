package image

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// CheckDisk checks that a disk has a boot sector and is as large as its partition table
// requires. size is the disk's size in bytes.
func CheckDisk(disk *os.File, size int64, opt Options) error {
	head, err := readHead(io.NewSectionReader(disk, 0, size))
	if err != nil {
		return err
	}
	if !hasBootSector(head) {
		return notImageError("its disk has no boot sector")
	}
	return checkPartitions(head, size, opt)
}

// checkPartitions compares the partition table in a disk's first bytes with the disk's size:
// nothing else shows that a disk was cut off at a sector boundary. If opt.Force is true, any
// size is accepted.
func checkPartitions(head []byte, size int64, opt Options) error {
	if opt.Force || len(head) < sector {
		return nil
	}
	needed, isGPT := dosExtent(head)
	if isGPT {
		gpt, sectorSize := findGPT(head)
		switch sectorSize {
		case 4096:
			return fmt.Errorf("%w: its partition table is for sectors of 4096 bytes, but VMs have sectors of 512 bytes", ErrNotImage)
		case sector:
			const alternateAt, lastUsableAt = 32, 48
			last := max(binary.LittleEndian.Uint64(gpt[alternateAt:]), binary.LittleEndian.Uint64(gpt[lastUsableAt:]))
			needed = max(needed, int64(min(last, maxDisk/sector)+1)*sector)
		}
	}
	if needed > size {
		return fmt.Errorf("%w: it has %d bytes, but its partition table needs %d", ErrCutShort, size, needed)
	}
	return nil
}

// dosExtent returns how many bytes the partitions of an MBR need, and whether it is the
// protective MBR of a GPT. If the sector is not an MBR, such as the boot sector of a file
// system, needed is 0.
func dosExtent(head []byte) (needed int64, isGPT bool) {
	const tableAt, entryLen, kindAt, startAt, countAt, bootable, protective = 446, 16, 4, 8, 12, 0x80, 0xee
	for i := range 4 {
		entry := head[tableAt+i*entryLen:][:entryLen]
		if entry[0]&^bootable != 0 {
			return 0, false
		}
		start, count := binary.LittleEndian.Uint32(entry[startAt:]), binary.LittleEndian.Uint32(entry[countAt:])
		switch {
		case entry[kindAt] == protective:
			isGPT = true // its size is not reliable
		case entry[kindAt] != 0 && start != 0:
			needed = max(needed, (int64(start)+int64(count))*sector)
		}
	}
	return needed, isGPT
}

// findGPT returns the header of the GPT and its sector size, which is 0 if there is no valid
// GPT.
func findGPT(head []byte) (header []byte, sectorSize int) {
	const lengthAt, sumAt, shortest = 12, 16, 92
	for _, sectorSize := range []int{sector, 4096} {
		if len(head) < sectorSize+sector {
			continue
		}
		header := head[sectorSize:][:sector]
		length := binary.LittleEndian.Uint32(header[lengthAt:])
		if !bytes.HasPrefix(header, []byte("EFI PART")) || length < shortest || length > sector {
			continue
		}
		summed := bytes.Clone(header[:length])
		clear(summed[sumAt : sumAt+4])
		if crc32.ChecksumIEEE(summed) == binary.LittleEndian.Uint32(header[sumAt:]) {
			return header, sectorSize
		}
	}
	return nil, 0
}
