package qemu

import (
	"os/exec"

	"golang.org/x/sys/unix"
)

// hardware is this system's hardware accelerator.
const hardware = HVF

const hardwareBroken = "guests do not run on the hypervisor of macOS"

// findHardwareTrouble returns why the accelerator cannot work, or "". It does not start a
// guest.
func findHardwareTrouble() Reason {
	if has, err := unix.SysctlUint32("kern.hv_support"); err != nil || has == 0 {
		return ReasonNoHypervisor
	}
	return ""
}

// sandbox is empty: QEMU's sandbox needs Linux's seccomp.
var sandbox []string

// bootID returns an ID of the host's current boot.
func bootID() (string, error) { return unix.Sysctl("kern.bootsessionuuid") }

// runWithParent runs a command. This system cannot kill it when its parent dies.
func runWithParent(cmd *exec.Cmd) error { return cmd.Run() }
