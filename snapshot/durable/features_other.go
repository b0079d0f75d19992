//go:build !linux

package durable

import (
	"net"
	"syscall"
)

// createSocket creates a socket file. It does nothing if the path is too long for a socket.
func createSocket(path string) error {
	if len(path) >= len(syscall.RawSockaddrUnix{}.Path) {
		return nil
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	return l.Close()
}
