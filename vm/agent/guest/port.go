//go:build linux

package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vmterminal/vm/agent/wire"
)

// portName is the port's name as the host gives it to QEMU.
const portName = "org.vmterminal.agent"

// absentPause is between two looks for a port, or for a host at its other end.
const absentPause = 100 * time.Millisecond

// findPort returns the device of the port. Numbers vary with the order of
// devices; a path made up from the name could be a plain file.
func findPort() (string, error) {
	names, err := filepath.Glob("/sys/class/virtio-ports/*/name")
	if err != nil {
		return "", err
	}
	for _, file := range names {
		name, err := os.ReadFile(file)
		if err == nil && strings.TrimSpace(string(name)) == portName {
			return "/dev/" + filepath.Base(filepath.Dir(file)), nil
		}
	}
	return "", errors.New("no virtio port is named " + portName)
}

// servePort serves for ever. The port reads as ended while no host is
// connected: then what the host had begun ends too.
func (s *server) servePort() {
	for {
		port, err := openPort()
		if err != nil {
			time.Sleep(absentPause)
			continue
		}
		s.setPort(port)
		s.send(wire.Frame{Kind: wire.Ready})
		for {
			err := wire.Receive(port, s.handle)
			s.endSession()
			if !errors.Is(err, io.EOF) {
				note("reading the port: %v", err)
				break
			}
			time.Sleep(absentPause)
		}
		port.Close()
	}
}

func openPort() (*os.File, error) {
	path, err := findPort()
	if err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_RDWR, 0)
}
