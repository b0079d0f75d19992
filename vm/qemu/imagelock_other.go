//go:build !linux

package qemu

import "os"

// lockImage does nothing: QEMU does not lock images on this system.
func lockImage(string) (*os.File, error) { return nil, nil }
