package diskfile

import (
	"io/fs"
	"os"
)

// renameIfFree renames a file unless the new name is taken. It is not atomic.
func renameIfFree(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: fs.ErrExist}
	}
	return os.Rename(from, to)
}
