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
	// Where the four entries of a DOS partition table lie in the disk's first
	// sector, and what is in each.
	tableAt, entrySize, entries = 446, 16, 4
	typeAt, startAt, lengthAt   = 4, 8, 12
	// worthGrowing is the least gain, in sectors, for which a table is written.
	worthGrowing = 2048
)

// growPartition lets the partition of a block device ("254:1") fill its disk, if
// nothing lies behind it in a DOS partition table; a whole disk, and every other
// table, is left as it is. One sector is written, so that a power cut leaves the
// old table or the new one.
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

// growEntry changes a DOS partition table so that the numbered partition fills a
// disk of so many sectors; ok is false, and nothing changed, where it cannot or
// need not.
func growEntry(table []byte, number int, sectors uint64) (start, length uint64, ok bool) {
	if number < 1 || number > entries || table[510] != 0x55 || table[511] != 0xaa {
		return 0, 0, false
	}
	entry := func(n int) []byte { return table[tableAt+(n-1)*entrySize:][:entrySize] }
	field := func(n, at int) uint64 { return uint64(binary.LittleEndian.Uint32(entry(n)[at:])) }
	switch entry(number)[typeAt] {
	case 0, 0x05, 0x0f, 0x85, 0xee: // none, or one that contains others
		return 0, 0, false
	}
	start, was := field(number, startAt), field(number, lengthAt)
	for n := 1; n <= entries; n++ {
		if n != number && entry(n)[typeAt] != 0 && field(n, startAt)+field(n, lengthAt) > start {
			return 0, 0, false
		}
	}
	if sectors <= start {
		return 0, 0, false
	}
	length = min(sectors-start, math.MaxUint32) // 2 TiB
	if length < was+worthGrowing {
		return 0, 0, false
	}
	binary.LittleEndian.PutUint32(entry(number)[lengthAt:], uint32(length))
	return start, length, true
}

// resizePartition tells the kernel, which would read the table only at its next
// boot.
func resizePartition(disk *os.File, number int, start, length uint64) error {
	part := unix.BlkpgPartition{
		Start: int64(start * sectorSize), Length: int64(length * sectorSize), Pno: int32(number),
	}
	arg := unix.BlkpgIoctlArg{
		Op: unix.BLKPG_RESIZE_PARTITION, Datalen: int32(unsafe.Sizeof(part)), Data: (*byte)(unsafe.Pointer(&part)), //nolint:gosec // what ioctl takes
	}
	if err := control(disk, unix.BLKPG, unsafe.Pointer(&arg)); err != nil { //nolint:gosec // what ioctl takes
		return fmt.Errorf("partition %d: %w", number, err)
	}
	return nil
}

// readNumber reads a file of sysfs.
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
