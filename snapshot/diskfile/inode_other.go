//go:build !linux && !darwin

package diskfile

import "os"

// Inode returns a number that identifies a file on its file system while the file exists.
// On this system it returns 0, for unknown.
func Inode(os.FileInfo) uint64 { return 0 }

// Links returns the number of names of a file. On this system it returns 1, as the number
// is unknown.
func Links(os.FileInfo) uint64 { return 1 }
