package qemu

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// What QEMU locks in an image are single bytes, one for each thing that it does to
// the image, and one for each that it would not bear from another.
const (
	does     = 100
	wouldNot = 200
	// Of the things that are done, those that change an image.
	write  = 1
	resize = 3
)

// claim locks like a QEMU that bears no other to write. As QEMU does, it says so
// first and looks then, so that of two at the same time at least one gives way.
func claim(path string) (*os.File, error) {
	// What is not a disk must not keep us waiting.
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil //nolint:nilerr // whoever needs the disk will say what is wrong with it
	}
	claimed := true
	for _, what := range []int64{write, resize} {
		lock := byteLock(unix.F_RDLCK, wouldNot+what)
		claimed = claimed && unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lock) == nil
	}
	for _, what := range []int64{write, resize} {
		lock := byteLock(unix.F_WRLCK, does+what)
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
