package durable

import "syscall"

// createSocket creates a socket file. Unlike bind, mknod accepts a path of any length.
func createSocket(path string) error { return syscall.Mknod(path, syscall.S_IFSOCK|0o600, 0) }
