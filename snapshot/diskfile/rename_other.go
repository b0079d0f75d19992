//go:build !linux && !darwin

package diskfile

import "errors"

func exchange(_, _ string) error { return errors.ErrUnsupported }

// RenameNew renames a file within a file system unless the new name is taken;
// the error is then fs.ErrExist. It looks first.
func RenameNew(from, to string) error { return renameFree(from, to) }

func isNotOffered(err error) bool { return errors.Is(err, errors.ErrUnsupported) }
