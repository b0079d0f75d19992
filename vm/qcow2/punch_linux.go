package qcow2

import (
	"errors"
	"os"
	"syscall"
)

// Flags of fallocate(2).
const (
	fallocKeepSize  = 1 << 0
	fallocPunchHole = 1 << 1
)

// punchHole replaces n bytes of f at offset off with a hole. It returns
// errors.ErrUnsupported if the file system has no holes.
func punchHole(f *os.File, off, n int64) error {
	for {
		err := syscall.Fallocate(int(f.Fd()), fallocPunchHole|fallocKeepSize, off, n)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
