//go:build linux || darwin

package diskfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func isOtherDevice(err error) bool { return errors.Is(err, unix.EXDEV) }

// keepAttributes gives f the owner, mode and extended attributes of the file at
// path, if there is one.
func keepAttributes(f *os.File, path string) error {
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	mine, err := f.Stat()
	if err != nil {
		return err
	}
	want, have := st.Sys().(*syscall.Stat_t), mine.Sys().(*syscall.Stat_t)
	if want.Uid != have.Uid || want.Gid != have.Gid {
		if err := f.Chown(int(want.Uid), int(want.Gid)); err != nil {
			return fmt.Errorf("keeping the disk's owner: %w", err)
		}
	}
	if err := f.Chmod(st.Mode().Perm()); err != nil {
		return fmt.Errorf("keeping the disk's mode: %w", err)
	}
	return copyXattrs(f, path)
}

// copyXattrs copies what it may: attributes of the system's own (labels of
// security modules, ACLs' caches) are set by the system where we must not.
func copyXattrs(f *os.File, path string) error {
	size, err := unix.Listxattr(path, nil)
	if err != nil || size == 0 {
		return nil //nolint:nilerr // this file system has none
	}
	list := make([]byte, size)
	if size, err = unix.Listxattr(path, list); err != nil {
		return fmt.Errorf("reading the disk's attributes: %w", err)
	}
	for _, raw := range bytes.Split(bytes.TrimSuffix(list[:size], []byte{0}), []byte{0}) {
		name := string(raw)
		if err := copyXattr(f, path, name); err != nil && strings.HasPrefix(name, "user.") {
			return fmt.Errorf("keeping the disk's attribute %q: %w", name, err)
		}
	}
	return nil
}

func copyXattr(f *os.File, path, name string) error {
	size, err := unix.Getxattr(path, name, nil)
	if err != nil {
		return err
	}
	value := make([]byte, size)
	if size, err = unix.Getxattr(path, name, value); err != nil {
		return err
	}
	return unix.Fsetxattr(int(f.Fd()), name, value[:size], 0)
}
