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

// completeMachineID makes a machine id where there is none, as on the built-in
// guest's first boot. One that is there stays, whatever it says.
func (d *identifier) completeMachineID(c *change) error {
	text, err := os.ReadFile(d.path(machineIDFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if strings.TrimSpace(string(text)) != "" {
		return nil
	}
	return d.renewMachineID(c)
}

// renewMachineID writes a random machine id, see machine-id(5); and the same to
// D-Bus where it keeps a file of its own.
func (d *identifier) renewMachineID(c *change) error {
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
	c.renewed("machine-id")
	return nil
}

// newMachineID is a random UUID (version 4) without its hyphens, as systemd
// makes them.
func newMachineID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x", b)
}
