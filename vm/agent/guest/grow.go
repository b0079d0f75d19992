//go:build linux

package main

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

const ext4Magic = 0xef53

// growRoot grows a mounted ext4 root file system, and its partition if there is one, to
// the size of the disk.
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
		logKernel("grow the partition of the root file system: %v", err)
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
	return ioctl(root, ioctlResize, unsafe.Pointer(&blocks)) //nolint:gosec // required by ioctl
}
