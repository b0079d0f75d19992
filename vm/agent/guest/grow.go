//go:build linux

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

const ext4Magic = 0xef53

// growRoot lets an ext4 root file system that is the whole of its disk fill it,
// while mounted. It does nothing when there is nothing to gain.
func growRoot() error {
	var fs unix.Statfs_t
	if err := unix.Statfs("/", &fs); err != nil {
		return err
	}
	if fs.Type != ext4Magic {
		return nil
	}
	size, err := rootDeviceSize()
	if err != nil {
		return err
	}
	root, err := os.Open("/")
	if err != nil {
		return err
	}
	defer root.Close()
	blocks := size / uint64(fs.Bsize)
	return control(root, ioctlResize, unsafe.Pointer(&blocks)) //nolint:gosec // what ioctl takes
}

// rootDeviceSize returns the bytes of the block device that holds /.
func rootDeviceSize() (uint64, error) {
	var st unix.Stat_t
	if err := unix.Stat("/", &st); err != nil {
		return 0, err
	}
	file := fmt.Sprintf("/sys/dev/block/%d:%d/size", unix.Major(st.Dev), unix.Minor(st.Dev))
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	sectors, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 54)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", file, err)
	}
	return sectors * 512, nil
}
