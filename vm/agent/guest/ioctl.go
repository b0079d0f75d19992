//go:build linux

package main

import (
	"errors"
	"math"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// From linux/fs.h and fs/ext4/ext4.h; the same on all architectures that Go supports.
const (
	ioctlFreeze = 0xc0045877 // FIFREEZE
	ioctlThaw   = 0xc0045878 // FITHAW
	ioctlTrim   = 0xc0185879 // FITRIM
	ioctlResize = 0x40086610 // EXT4_IOC_RESIZE_FS
)

// ioctl calls ioctl(2), and repeats the call if a signal interrupts it.
func ioctl(f *os.File, op uint, arg unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), uintptr(op), uintptr(arg))
		if errno == 0 {
			return nil
		}
		if errno != unix.EINTR {
			return errno
		}
	}
}

// trimFileSystem trims the file system mounted at dir and returns the number of discarded bytes.
// If the file system does not support that, it returns 0.
func trimFileSystem(dir string) (int64, error) {
	f, err := os.Open(dir)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	rng := struct{ start, length, minimum uint64 }{length: math.MaxUint64}
	err = ioctl(f, ioctlTrim, unsafe.Pointer(&rng)) //nolint:gosec // required by ioctl
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOTTY) {
		return 0, nil
	}
	return int64(min(rng.length, math.MaxInt64)), err
}
