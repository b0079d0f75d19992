package diskfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// SharesBlocks tells whether the file system of a folder can share blocks
// between files; it tries with two files that have no name. The error is of not
// being able to try.
func SharesBlocks(dir string) (bool, error) {
	from, err := nameless(dir)
	if err != nil {
		return false, err
	}
	defer from.Close()
	to, err := nameless(dir)
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

func nameless(dir string) (*os.File, error) {
	return os.OpenFile(dir, os.O_RDWR|unix.O_TMPFILE, 0o600)
}
