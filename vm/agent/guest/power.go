//go:build linux

package main

import (
	"os/exec"
	"sync/atomic"
)

// A powerSwitch asks init to power off, by the command that every system has for
// it. The host asks again and again, as a guest that boots may not hear; but init
// is left alone once it has heard: sysvinit's command, in a guest that is shutting
// down, cuts the power at once, with all file systems mounted.
type powerSwitch struct {
	command string
	asked   atomic.Bool // and not refused
}

// off waits for the command, which outlives this process.
func (p *powerSwitch) off() {
	if !p.asked.CompareAndSwap(false, true) {
		return
	}
	if err := exec.Command(p.command).Run(); err != nil {
		p.asked.Store(false)
		note("powering off: %v", err)
	}
}
