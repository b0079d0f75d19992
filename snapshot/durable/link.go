package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// ErrNotMounted means that a folder is missing because its file system seems not to be
// mounted, not because it was not created yet.
var ErrNotMounted = errors.New("it cannot be reached; perhaps its file system is not mounted")

// CheckLink returns an error that wraps ErrNotMounted if path is a dangling symbolic link.
func CheckLink(path string) error {
	target, err := os.Readlink(path)
	if err != nil {
		return nil //nolint:nilerr // it is not a link
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w: it is a link to %s", path, ErrNotMounted, target)
	}
	return nil
}
