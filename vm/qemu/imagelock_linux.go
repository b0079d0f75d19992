package qemu

import (
	"io"
	"os"

	"golang.org/x/sys/unix"

	"vmterminal/snapshot/durable/guard"
)

// QEMU locks single bytes of an image: one for each permission that it uses, and one for
// each permission that it does not share with other processes (bdrv_perm in QEMU's
// block/file-posix.c).
const (
	usedBase     = 100
	unsharedBase = 200
	// The permissions that change an image.
	permWrite  = 1
	permResize = 3
)

// lockImage acquires the locks of a QEMU process that does not share write access. Like QEMU,
// it locks first and checks afterward, so that of two concurrent processes at least one gives
// up.
func lockImage(path string) (*os.File, error) {
	// O_NONBLOCK: path may be a FIFO.
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil //nolint:nilerr // the caller reports the error when it opens the disk
	}
	if device := writableLoopDevice(f, "/sys", "/dev"); device != "" && guard.On(guard.LoopDevice) {
		f.Close()
		return nil, &DiskAttached{device}
	}
	claimed := true
	for _, perm := range []int64{permWrite, permResize} {
		lock := byteLock(unix.F_RDLCK, unsharedBase+perm)
		claimed = claimed && unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lock) == nil
	}
	for _, perm := range []int64{permWrite, permResize} {
		lock := byteLock(unix.F_WRLCK, usedBase+perm)
		if unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &lock) == nil && lock.Type != unix.F_UNLCK {
			f.Close()
			return nil, ErrDiskInUse
		}
	}
	if !claimed {
		f.Close()
		return nil, nil
	}
	return f, nil
}

func byteLock(kind int16, at int64) unix.Flock_t {
	return unix.Flock_t{Type: kind, Whence: io.SeekStart, Start: at, Len: 1}
}
