//go:build linux || darwin

package diskfile

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Space returns how many bytes this user may still write to the file system of a folder,
// and the total size of that file system. It returns ErrSpaceUnknown if the file system
// does not report its size.
func Space(dir string) (free, total int64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, 0, err
	}
	if st.Blocks == 0 {
		return 0, 0, ErrSpaceUnknown
	}
	block := uint64(st.Bsize)
	return int64(st.Bavail * block), int64(st.Blocks * block), nil
}

// HasFreeInodes reports whether the file system of a folder has free inodes or no limit.
func HasFreeInodes(dir string) bool {
	var st unix.Statfs_t
	return unix.Statfs(dir, &st) != nil || st.Files == 0 || st.Ffree > 0
}

// IsNoSpace reports whether an error means that the file system or a quota is full.
func IsNoSpace(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
}
