//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	sectorSize = 512
	// Offset, size and number of the entries of a DOS partition table in the first sector,
	// and offsets of the fields in an entry.
	tableOffset, entrySize, entries       = 446, 16, 4
	typeOffset, startOffset, lengthOffset = 4, 8, 12
	// minGrowth is the smallest growth, in sectors, for which a table is written.
	minGrowth = 2048
)

// growPartition grows a partition, given as a block device ("254:1"), to the end of its
// disk if it is the last one in a DOS partition table. It does nothing for whole disks
// and other partition tables. It writes only one sector, so that a power cut leaves the
// old or the new table.
func growPartition(device string) error {
	dir, err := filepath.EvalSymlinks("/sys/dev/block/" + device)
	if err != nil {
		return err
	}
	number, err := readNumber(filepath.Join(dir, "partition"))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	parent := filepath.Dir(dir)
	sectors, err := readNumber(filepath.Join(parent, "size"))
	if err != nil {
		return err
	}
	disk, err := os.OpenFile("/dev/"+filepath.Base(parent), os.O_RDWR|unix.O_SYNC, 0)
	if err != nil {
		return err
	}
	defer disk.Close()
	table := make([]byte, sectorSize)
	if _, err := io.ReadFull(disk, table); err != nil {
		return err
	}
	start, length, ok := growEntry(table, int(number), sectors)
	if !ok {
		return nil
	}
	if _, err := disk.WriteAt(table, 0); err != nil {
		return err
	}
	return resizePartition(disk, int(number), start, length)
}

// growEntry changes a DOS partition table so that the partition with this number extends
// to the end of a disk with this many sectors. If that is impossible or unnecessary, ok
// is false and the table is unchanged.
func growEntry(table []byte, number int, sectors uint64) (start, length uint64, ok bool) {
	if number < 1 || number > entries || table[510] != 0x55 || table[511] != 0xaa {
		return 0, 0, false
	}
	entry := func(n int) []byte { return table[tableOffset+(n-1)*entrySize:][:entrySize] }
	field := func(n, at int) uint64 { return uint64(binary.LittleEndian.Uint32(entry(n)[at:])) }
	switch entry(number)[typeOffset] {
	case 0, 0x05, 0x0f, 0x85, 0xee: // empty, extended, or protective GPT
		return 0, 0, false
	}
	start, oldLength := field(number, startOffset), field(number, lengthOffset)
	for n := 1; n <= entries; n++ {
		if n != number && entry(n)[typeOffset] != 0 && field(n, startOffset)+field(n, lengthOffset) > start {
			return 0, 0, false
		}
	}
	if sectors <= start {
		return 0, 0, false
	}
	length = min(sectors-start, math.MaxUint32) // 2 TiB
	if length < oldLength+minGrowth {
		return 0, 0, false
	}
	binary.LittleEndian.PutUint32(entry(number)[lengthOffset:], uint32(length))
	return start, length, true
}

// resizePartition updates the kernel's copy of the table, which otherwise changes only at
// the next boot.
func resizePartition(disk *os.File, number int, start, length uint64) error {
	part := unix.BlkpgPartition{
		Start: int64(start * sectorSize), Length: int64(length * sectorSize), Pno: int32(number),
	}
	arg := unix.BlkpgIoctlArg{
		Op: unix.BLKPG_RESIZE_PARTITION, Datalen: int32(unsafe.Sizeof(part)), Data: (*byte)(unsafe.Pointer(&part)), //nolint:gosec // required by ioctl
	}
	if err := ioctl(disk, unix.BLKPG, unsafe.Pointer(&arg)); err != nil { //nolint:gosec // required by ioctl
		return fmt.Errorf("partition %d: %w", number, err)
	}
	return nil
}

// readNumber reads a number from a file in sysfs.
func readNumber(file string) (uint64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 54)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", file, err)
	}
	return n, nil
}
