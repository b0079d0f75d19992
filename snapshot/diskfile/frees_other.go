//go:build !linux && !darwin

package diskfile

import (
	"os"
	"time"
)

// Used returns how many bytes of its file system a file takes up.
func Used(st os.FileInfo) int64 { return st.Size() }

// Renamed returns when a file last changed.
func Renamed(st os.FileInfo) time.Time { return st.ModTime() }

// Frees returns how many bytes removing a file would free.
func Frees(path string) int64 {
	st, err := os.Lstat(path)
	if err != nil {
		return 0
	}
	return Used(st)
}

// FreesOf is Frees of a file that is open.
func FreesOf(f *os.File) int64 { return Frees(f.Name()) }
