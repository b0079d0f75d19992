//go:build linux

package main

import (
	"os"
	"path/filepath"
)

// leaseGlobs are where DHCP clients keep by what they are known to a server
// (DUID) and what they were given: dhclient (Debian, Fedora), dhcpcd,
// NetworkManager. systemd-networkd derives its DUID from the machine id.
var leaseGlobs = []string{
	"var/lib/dhcp/*.leases",
	"var/lib/dhclient/*.leases",
	"var/lib/dhclient/*.lease",
	"var/lib/dhcpcd/duid",
	"var/lib/dhcpcd/*.lease*",
	"var/lib/NetworkManager/*.lease",
}

// dropLeases lets DHCP clients begin anew. One that runs already goes on as it
// began until the guest's next boot.
func (d *identifier) dropLeases(c *change) error {
	dropped := false
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
		dropped = true
	}
	if dropped {
		c.renewed("dhcp-leases")
	}
	return nil
}
