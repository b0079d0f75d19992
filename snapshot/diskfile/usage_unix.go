//go:build linux || darwin

package diskfile

import (
	"os"
	"syscall"
	"time"
)

// Allocated returns how many bytes a file occupies on its file system.
func Allocated(st os.FileInfo) int64 {
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		return sys.Blocks * 512
	}
	return st.Size()
}

// ChangeTime returns when a file's contents or metadata, such as its name, last changed.
func ChangeTime(st os.FileInfo) time.Time {
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		return changeTime(sys)
	}
	return st.ModTime()
}
