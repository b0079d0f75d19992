package qemu

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// hardware is this system's hardware accelerator.
const hardware = KVM

const hardwareBroken = "/dev/kvm can be opened, but guests do not run on it"

// findHardwareTrouble returns why the accelerator cannot work, or "". It does not start a
// guest.
func findHardwareTrouble() Reason {
	dev, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	switch {
	case err == nil:
		dev.Close()
		return ""
	case errors.Is(err, fs.ErrNotExist):
		return ReasonNoDevice
	case errors.Is(err, fs.ErrPermission):
		return ReasonNoPermission
	default:
		return ReasonCannotOpen
	}
}

// sandbox restricts what QEMU may do once it runs.
var sandbox = []string{
	"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
}

// bootID returns an ID of the host's current boot.
func bootID() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return string(bytes.TrimSpace(id)), err
}

// runWithParent runs a command that is killed when this process dies.
func runWithParent(cmd *exec.Cmd) error {
	runtime.LockOSThread() // Pdeathsig fires when this OS thread exits, so stay on it
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd.Run()
}
