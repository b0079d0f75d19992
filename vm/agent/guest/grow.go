//go:build linux

package main

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

const ext4Magic = 0xef53

// growRoot lets an ext4 root file system fill its disk, while mounted, with the
// partition that it may lie in. It does nothing when there is nothing to gain.
func growRoot() error {
	var fs unix.Statfs_t
	if err := unix.Statfs("/", &fs); err != nil {
		return err
	}
	if fs.Type != ext4Magic {
		return nil
	}
	var st unix.Stat_t
	if err := unix.Stat("/", &st); err != nil {
		return err
	}
	device := fmt.Sprintf("%d:%d", unix.Major(st.Dev), unix.Minor(st.Dev))
	if err := growPartition(device); err != nil {
		note("growing the partition of the root file system: %v", err)
	}
	sectors, err := readNumber("/sys/dev/block/" + device + "/size")
	if err != nil {
		return err
	}
	root, err := os.Open("/")
	if err != nil {
		return err
	}
	defer root.Close()
	blocks := sectors * sectorSize / uint64(fs.Bsize)
	return control(root, ioctlResize, unsafe.Pointer(&blocks)) //nolint:gosec // what ioctl takes
}
