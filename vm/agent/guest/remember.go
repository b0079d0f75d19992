//go:build linux

package main

import (
	"encoding/json"
	"os"

	"vmterminal/vm/agent/wire"
)

const (
	// rememberFile is in memory: a host that asks later, or again, learns what
	// was done, also by another process, and no boot writes to the disk for it.
	rememberFile = "run/vmterminal-identity"
	bootIDFile   = "proc/sys/kernel/random/boot_id"
)

// done is what was done to take on the kept identity, and in which boot.
type done struct {
	Boot string          `json:"boot"`
	Did  wire.Identified `json:"did"`
}

// remember keeps what was done until the guest's next boot.
func (d *identifier) remember(did wire.Identified) {
	boot, err := d.readLine(bootIDFile)
	if err != nil {
		return
	}
	text, err := json.Marshal(done{boot, did})
	if err == nil {
		err = os.WriteFile(d.path(rememberFile), text, 0o600)
	}
	if err != nil {
		note("remembering what was done: %v", err)
	}
}

// recall returns what was done to take on the kept identity, if in this boot.
func (d *identifier) recall() *wire.Identified {
	same := &wire.Identified{Found: wire.IdentitySame}
	boot, err := d.readLine(bootIDFile)
	if err != nil {
		return same
	}
	var was done
	text, err := os.ReadFile(d.path(rememberFile))
	if err != nil || json.Unmarshal(text, &was) != nil || was.Boot != boot {
		return same
	}
	return &was.Did
}
