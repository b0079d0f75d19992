//go:build linux || darwin

package diskfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

const openNonblock = unix.O_NONBLOCK

func nextData(f *os.File, off, size int64) (start, end int64, err error) {
	start, err = f.Seek(off, unix.SEEK_DATA)
	switch {
	case errors.Is(err, unix.ENXIO):
		return size, size, nil
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOTSUP):
		return off, size, nil // the file system does not report holes
	case err != nil:
		return 0, 0, err
	}
	end, err = f.Seek(start, unix.SEEK_HOLE)
	return min(start, size), min(end, size), err
}
