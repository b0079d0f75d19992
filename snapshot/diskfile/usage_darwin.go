package diskfile

import (
	"os"
	"syscall"
	"time"
)

func changeTime(st *syscall.Stat_t) time.Time { return time.Unix(st.Ctimespec.Unix()) }

// Reclaimable returns how many bytes removing a file would free: all its blocks, as macOS
// does not report which are shared, or 0 if the file has another name.
func Reclaimable(path string) int64 { return reclaimable(os.Lstat(path)) }

// ReclaimableOpen is like Reclaimable, for an open file.
func ReclaimableOpen(f *os.File) int64 { return reclaimable(f.Stat()) }

func reclaimable(st os.FileInfo, err error) int64 {
	if err != nil {
		return 0
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok && sys.Nlink > 1 {
		return 0
	}
	return Allocated(st)
}
