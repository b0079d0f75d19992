//go:build !linux

package desktop

import "runtime"

// HasDisplay reports whether there is a display to open a window on.
func HasDisplay() bool {
	return runtime.GOOS == "darwin" || runtime.GOOS == "windows"
}
