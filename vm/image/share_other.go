//go:build !linux

package image

import "os"

// shareBlocks returns false: sharing blocks is not supported on this system.
func shareBlocks(_, _ *os.File) bool { return false }
