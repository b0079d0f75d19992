//go:build linux

package main

import (
	"os"
	"path/filepath"
)

// leaseGlobs match the files with leases and client identifiers (DUID) of DHCP clients:
// dhclient (Debian, Fedora), dhcpcd and NetworkManager. systemd-networkd derives its DUID
// from the machine ID.
var leaseGlobs = []string{
	"var/lib/dhcp/*.leases",
	"var/lib/dhclient/*.leases",
	"var/lib/dhclient/*.lease",
	"var/lib/dhcpcd/duid",
	"var/lib/dhcpcd/*.lease*",
	"var/lib/NetworkManager/*.lease",
}

// removeLeases removes the state of DHCP clients. A client that is already running keeps
// its lease until the next boot.
func (d *identifier) removeLeases(c *identityChange) error {
	removed := false
	for _, glob := range leaseGlobs {
		files, err := filepath.Glob(d.path(glob))
		if err != nil || len(files) == 0 {
			continue
		}
		for _, file := range files {
			if err := os.Remove(file); err != nil {
				return err
			}
		}
		if err := syncPath(filepath.Dir(files[0])); err != nil {
			return err
		}
		removed = true
	}
	if removed {
		c.result.Renewed = append(c.result.Renewed, "dhcp-leases")
	}
	return nil
}
