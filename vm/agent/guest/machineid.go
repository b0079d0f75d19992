//go:build linux

package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

const (
	machineIDFile = "etc/machine-id"
	dbusIDFile    = "var/lib/dbus/machine-id"
)

// completeMachineID creates a machine ID if it is missing, as on the first boot of the
// built-in guest.
func (d *identifier) completeMachineID(c *identityChange) error {
	text, err := os.ReadFile(d.path(machineIDFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if strings.TrimSpace(string(text)) != "" {
		return nil
	}
	return d.renewMachineID(c)
}

// renewMachineID writes a random machine ID (see machine-id(5)), also to D-Bus's file if
// that exists.
func (d *identifier) renewMachineID(c *identityChange) error {
	id := newMachineID() + "\n"
	if err := replaceFile(d.path(machineIDFile), id, 0o444); err != nil {
		return err
	}
	info, err := os.Lstat(d.path(dbusIDFile))
	if err == nil && info.Mode().IsRegular() {
		err = replaceFile(d.path(dbusIDFile), id, 0o444)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	c.result.Renewed = append(c.result.Renewed, "machine-id")
	return nil
}

// newMachineID returns a random UUID (version 4) without hyphens, as systemd does.
func newMachineID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x", b)
}
