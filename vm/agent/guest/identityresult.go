//go:build linux

package main

import (
	"encoding/json"
	"os"

	"vmterminal/vm/agent/wire"
)

const (
	// resultFile is in memory, so that saving does not write to the disk. It provides the
	// result for later requests, even if another process has applied the identity.
	resultFile = "run/vmterminal-identity"
	bootIDFile = "proc/sys/kernel/random/boot_id"
)

// savedResult is the result of applying the current identity, with the ID of the boot.
type savedResult struct {
	Boot   string              `json:"boot"`
	Result wire.IdentityResult `json:"did"`
}

// saveResult saves the result until the next boot.
func (d *identifier) saveResult(result wire.IdentityResult) {
	boot, err := d.readLine(bootIDFile)
	if err != nil {
		return
	}
	text, err := json.Marshal(savedResult{boot, result})
	if err == nil {
		err = os.WriteFile(d.path(resultFile), text, 0o600)
	}
	if err != nil {
		logKernel("save the result of the identity change: %v", err)
	}
}

// loadResult returns the saved result if it is from this boot, and otherwise IdentitySame.
func (d *identifier) loadResult() *wire.IdentityResult {
	same := &wire.IdentityResult{Change: wire.IdentitySame}
	boot, err := d.readLine(bootIDFile)
	if err != nil {
		return same
	}
	var saved savedResult
	text, err := os.ReadFile(d.path(resultFile))
	if err != nil || json.Unmarshal(text, &saved) != nil || saved.Boot != boot {
		return same
	}
	return &saved.Result
}
