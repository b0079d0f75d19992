package diskfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// exchange swaps two names at once.
func exchange(a, b string) error {
	return renameWith(a, b, unix.RENAME_EXCHANGE)
}

// RenameNew renames a file within a file system unless the new name is taken;
// the error is then fs.ErrExist. Where the file system cannot tell at once, it
// looks first.
func RenameNew(from, to string) error {
	err := renameWith(from, to, unix.RENAME_NOREPLACE)
	if isNotOffered(err) {
		return renameFree(from, to)
	}
	return err
}

func renameWith(from, to string, flags uint) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, flags)
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// isNotOffered tells whether the file system has no such way of renaming.
func isNotOffered(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.ENOTSUP)
}
