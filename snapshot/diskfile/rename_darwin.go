package diskfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// exchangeNames swaps two names atomically.
func exchangeNames(a, b string) error { return renameWith(a, b, unix.RENAME_SWAP) }

// RenameNew renames a file within a file system. If the new name is taken, it returns an
// error that wraps fs.ErrExist. The check is atomic if the file system supports that.
func RenameNew(from, to string) error {
	err := renameWith(from, to, unix.RENAME_EXCL)
	if isRenameUnsupported(err) {
		return renameIfFree(from, to)
	}
	return err
}

func renameWith(from, to string, flags uint32) error {
	if err := unix.RenamexNp(from, to, flags); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// isRenameUnsupported reports whether err means that the file system does not support a
// flag of renameWith.
func isRenameUnsupported(err error) bool { return errors.Is(err, unix.ENOTSUP) }
