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

// portName is the port's name in QEMU's configuration.
const portName = "org.vmterminal.agent"

// portRetryInterval is how often a missing port, or a port without a connected host, is
// checked.
const portRetryInterval = 100 * time.Millisecond

// findPort returns the device of the port, whose number depends on the order of devices.
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
	return "", errors.New("found no virtio port with the name " + portName)
}

// servePort handles requests from the port and never returns. Reading the port returns
// io.EOF while no host is connected; then the host's session ends.
func (s *server) servePort() {
	for {
		port, err := openPort()
		if err != nil {
			time.Sleep(portRetryInterval)
			continue
		}
		s.setPort(port)
		s.send(wire.Frame{Kind: wire.Ready})
		for {
			err := wire.Receive(port, s.handleFrame)
			s.endSession()
			if !errors.Is(err, io.EOF) {
				logKernel("read the port: %v", err)
				break
			}
			time.Sleep(portRetryInterval)
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
