package durable

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// PunchHole replaces n bytes of a file at offset off with a hole, which reads as zeros. It
// returns errors.ErrUnsupported if the file system has no holes.
func PunchHole(f *os.File, off, n int64) error {
	for {
		err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, off, n)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
