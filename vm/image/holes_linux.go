package image

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// nextData returns the start and end of the next data at or after off in a file that is size
// bytes long. If only holes follow, both are size.
func nextData(f *os.File, off, size int64) (start, end int64, err error) {
	start, err = unix.Seek(int(f.Fd()), off, unix.SEEK_DATA)
	switch {
	case errors.Is(err, unix.ENXIO) || err == nil && start >= size:
		return size, size, nil
	case err != nil:
		return off, size, nil //nolint:nilerr // the file system does not support holes
	}
	end, err = unix.Seek(int(f.Fd()), start, unix.SEEK_HOLE)
	return start, min(end, size), err
}
