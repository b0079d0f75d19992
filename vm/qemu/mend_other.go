//go:build !linux

package qemu

// Mend says what to do so that the hardware's accelerator works: nothing is
// known to help here.
func Mend() string { return "" }
