package qemu

import (
	"bytes"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// writableLoopDevice returns the path of a loop device through which a file can be written,
// or "". Mounting the file system in a disk attaches such a device. sys and dev are /sys and
// /dev, except in tests.
func writableLoopDevice(f *os.File, sys, dev string) string {
	var file unix.Stat_t
	if unix.Fstat(int(f.Fd()), &file) != nil {
		return ""
	}
	// Only attached devices have this attribute.
	attached, _ := filepath.Glob(filepath.Join(sys, "block/loop*/loop/backing_file")) // the pattern is well-formed
	for _, attribute := range attached {
		block := filepath.Dir(filepath.Dir(attribute))
		readOnly, err := os.ReadFile(filepath.Join(block, "ro"))
		if err != nil || bytes.Equal(bytes.TrimSpace(readOnly), []byte("1")) {
			continue
		}
		device := filepath.Join(dev, filepath.Base(block))
		if isBackedBy(device, attribute, file) {
			return device
		}
	}
	return ""
}

// isBackedBy reports whether a loop device is attached to a file. If the device cannot be
// opened, it relies on the path in the attribute, which may be outdated.
func isBackedBy(device, attribute string, file unix.Stat_t) bool {
	if f, err := os.OpenFile(device, os.O_RDONLY|unix.O_NONBLOCK, 0); err == nil {
		defer f.Close()
		if status, err := unix.IoctlLoopGetStatus64(int(f.Fd())); err == nil {
			return status.Device == file.Dev && status.Inode == file.Ino
		}
	}
	path, err := os.ReadFile(attribute)
	if err != nil {
		return false
	}
	var backing unix.Stat_t
	err = unix.Stat(string(bytes.TrimSuffix(path, []byte("\n"))), &backing)
	return err == nil && backing.Dev == file.Dev && backing.Ino == file.Ino
}
