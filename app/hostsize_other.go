//go:build !linux && !darwin

package app

func hostMemoryMB() int { return 0 }
