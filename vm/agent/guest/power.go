//go:build linux

package main

import (
	"os/exec"
	"sync/atomic"
)

// A powerSwitch powers the guest off with the standard command. The host repeats its
// request, because a guest that is booting may ignore it, but the command must run only
// once: with sysvinit, a second call during the shutdown cuts the power at once, with all
// file systems mounted.
type powerSwitch struct {
	command   string
	requested atomic.Bool // reset if the command fails
}

// powerOff runs the command, which outlives this process.
func (p *powerSwitch) powerOff() {
	if !p.requested.CompareAndSwap(false, true) {
		return
	}
	if err := exec.Command(p.command).Run(); err != nil {
		p.requested.Store(false)
		logKernel("power off: %v", err)
	}
}
