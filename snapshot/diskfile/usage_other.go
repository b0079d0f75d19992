//go:build !linux && !darwin

package diskfile

import (
	"os"
	"time"
)

// Allocated returns how many bytes a file occupies on its file system. On this system it
// returns the file's size.
func Allocated(st os.FileInfo) int64 { return st.Size() }

// ChangeTime returns when a file last changed. On this system it returns the modification
// time.
func ChangeTime(st os.FileInfo) time.Time { return st.ModTime() }

// Reclaimable returns how many bytes removing a file would free.
func Reclaimable(path string) int64 {
	st, err := os.Lstat(path)
	if err != nil {
		return 0
	}
	return Allocated(st)
}

// ReclaimableOpen is like Reclaimable, for an open file.
func ReclaimableOpen(f *os.File) int64 { return Reclaimable(f.Name()) }
