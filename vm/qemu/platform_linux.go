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

// hardware is the accelerator that may exist here beside TCG.
const hardware = KVM

const hardwareBroken = "/dev/kvm opens, but guests do not run on it"

const noPermission = "this user may not open /dev/kvm (its group is kvm)"

// lookAtHardware finds, without starting anything, why the accelerator cannot
// work, or "".
func lookAtHardware() string {
	dev, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	switch {
	case err == nil:
		dev.Close()
		return ""
	case errors.Is(err, fs.ErrNotExist):
		return "there is no /dev/kvm here"
	case errors.Is(err, fs.ErrPermission):
		return noPermission
	default:
		return "/dev/kvm does not open"
	}
}

// sandbox is what QEMU may no longer do once it runs.
var sandbox = []string{
	"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
}

// bootID differs from one boot of this computer to the next.
func bootID() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return string(bytes.TrimSpace(id)), err
}

// runWhileWeLive runs a command that is killed when this process dies.
func runWhileWeLive(cmd *exec.Cmd) error {
	runtime.LockOSThread() // whose end Pdeathsig means
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd.Run()
}
