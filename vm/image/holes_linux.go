package image

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// dataFrom returns where the next data of a file of that size begins, from off on,
// and where it ends; size twice if all that is left are holes.
func dataFrom(f *os.File, off, size int64) (start, end int64, err error) {
	start, err = unix.Seek(int(f.Fd()), off, unix.SEEK_DATA)
	switch {
	case errors.Is(err, unix.ENXIO) || err == nil && start >= size:
		return size, size, nil
	case err != nil:
		return off, size, nil //nolint:nilerr // the file system does not know holes
	}
	end, err = unix.Seek(int(f.Fd()), start, unix.SEEK_HOLE)
	return start, min(end, size), err
}
