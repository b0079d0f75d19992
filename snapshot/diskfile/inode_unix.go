//go:build linux || darwin

package diskfile

import (
	"os"
	"syscall"
)

// Inode tells two files of a file system apart as long as both are there; 0 if
// that is not known.
func Inode(st os.FileInfo) uint64 {
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		return s.Ino
	}
	return 0
}
