//go:build !linux && !darwin

package diskfile

import "errors"

func exchangeNames(_, _ string) error { return errors.ErrUnsupported }

// RenameNew renames a file within a file system. If the new name is taken, it returns an
// error that wraps fs.ErrExist. On this system the check is not atomic.
func RenameNew(from, to string) error { return renameIfFree(from, to) }

func isRenameUnsupported(err error) bool { return errors.Is(err, errors.ErrUnsupported) }
