//go:build linux || darwin

package diskfile

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Space returns how many bytes this user may still write to the file system of
// the folder, and how many it has in all.
func Space(dir string) (free, total int64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, 0, err
	}
	block := uint64(st.Bsize)
	return int64(st.Bavail * block), int64(st.Blocks * block), nil
}

// IsNoSpace tells whether an error is of a full file system or quota.
func IsNoSpace(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
}
