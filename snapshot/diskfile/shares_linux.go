package diskfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// SharesBlocks reports whether the file system of a folder can share blocks between files.
// It tries this with two unnamed files, and returns an error if it could not try.
func SharesBlocks(dir string) (bool, error) {
	from, err := openUnnamed(dir)
	if err != nil {
		return false, err
	}
	defer from.Close()
	to, err := openUnnamed(dir)
	if err != nil {
		return false, err
	}
	defer to.Close()
	if _, err := from.WriteAt(make([]byte, BlockSize), 0); err != nil {
		return false, err
	}
	err = Share(to, 0, from, 0, BlockSize)
	if errors.Is(err, errors.ErrUnsupported) {
		return false, nil
	}
	return err == nil, err
}

func openUnnamed(dir string) (*os.File, error) {
	return os.OpenFile(dir, os.O_RDWR|unix.O_TMPFILE, 0o600)
}
