package diskfile

import (
	"os"
	"syscall"
	"time"
)

// Used returns how many bytes of its file system a file takes up.
func Used(st os.FileInfo) int64 {
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		return sys.Blocks * 512
	}
	return st.Size()
}

// Renamed returns when a file last changed its name, owner or content.
func Renamed(st os.FileInfo) time.Time {
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		return time.Unix(sys.Ctimespec.Unix())
	}
	return st.ModTime()
}

// Frees returns how many bytes removing a file would free: all its blocks, as
// shared ones cannot be told here, and nothing if it has another name.
func Frees(path string) int64 {
	return freed(os.Lstat(path))
}

// FreesOf is Frees of a file that is open.
func FreesOf(f *os.File) int64 { return freed(f.Stat()) }

func freed(st os.FileInfo, err error) int64 {
	if err != nil {
		return 0
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok && sys.Nlink > 1 {
		return 0
	}
	return Used(st)
}
