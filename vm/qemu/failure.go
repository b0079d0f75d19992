package qemu

import (
	"os"
	"strings"
	"syscall"
)

// signs are QEMU's words when the accelerator, not the guest, has failed.
var signs = []string{
	"failed to initialize kvm",
	"could not access kvm kernel module",
	"failed to initialize hvf",
	"kvm internal error",
	"emulation failure",
	"failed to set msr",
	"kvm: entry failed",
	"kvm run failed",
	"error: failed to run vcpu",
	"hv_error",
	"invalid accelerator",
}

// IsAcceleratorFailure tells from what QEMU said and how it ended (nil while it
// runs or when that is not known) whether another accelerator is worth a try.
// Ask only for a machine that did not run on TCG.
func IsAcceleratorFailure(stderr string, state *os.ProcessState) bool {
	if state != nil {
		if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGABRT {
			return true
		}
	}
	said := strings.ToLower(stderr)
	for _, sign := range signs {
		if strings.Contains(said, sign) {
			return true
		}
	}
	return false
}
