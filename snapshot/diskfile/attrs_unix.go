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

func isCrossDevice(err error) bool { return errors.Is(err, unix.EXDEV) }

// isLinkUnsupported reports whether err means that the file system, like FAT and some
// network file systems, has no hard links.
func isLinkUnsupported(err error) bool {
	return errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENOSYS)
}

// copyAttributes gives f the owner, mode and extended attributes of the file at path, if it
// exists.
func copyAttributes(f *os.File, path string) error {
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
	if st.Mode().Perm() != mine.Mode().Perm() { // on FAT all files have the same mode
		if err := f.Chmod(st.Mode().Perm()); err != nil {
			return fmt.Errorf("keeping the disk's mode: %w", err)
		}
	}
	return copyXattrs(f, path)
}

// copyXattrs copies the extended attributes. It ignores failures to copy those outside
// "user.": if we must not set them (labels of security modules), the system does.
func copyXattrs(f *os.File, path string) error {
	size, err := unix.Listxattr(path, nil)
	if err != nil || size == 0 {
		return nil //nolint:nilerr // the file system has no extended attributes
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
