//go:build linux || darwin

package diskfile

import (
	"os"
	"syscall"
)

// Inode returns a number that identifies a file on its file system while the file exists,
// or 0 if it is unknown.
func Inode(st os.FileInfo) uint64 {
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		return s.Ino
	}
	return 0
}

// Links returns the number of names of a file, or 1 if it is unknown.
func Links(st os.FileInfo) uint64 {
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Nlink) //nolint:unconvert // the type depends on the system
	}
	return 1
}
