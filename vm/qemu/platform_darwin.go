package qemu

import (
	"os/exec"

	"golang.org/x/sys/unix"
)

// hardware is the accelerator that may exist here beside TCG.
const hardware = HVF

const hardwareBroken = "guests do not run on macOS's hypervisor"

// lookAtHardware finds, without starting anything, why the accelerator cannot
// work, or "".
func lookAtHardware() string {
	if has, err := unix.SysctlUint32("kern.hv_support"); err != nil || has == 0 {
		return "this Mac has no hypervisor"
	}
	return ""
}

// sandbox is empty: QEMU's is Linux's seccomp.
var sandbox []string

// bootID differs from one boot of this computer to the next.
func bootID() (string, error) { return unix.Sysctl("kern.bootsessionuuid") }

// runWhileWeLive runs a command. This system kills none when its parent dies.
func runWhileWeLive(cmd *exec.Cmd) error { return cmd.Run() }
