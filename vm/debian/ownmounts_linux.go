package debian

import (
	"os/exec"
	"syscall"
)

// withOwnMounts has what a command mounts be there for itself alone, so that nothing
// stays mounted, whatever it ends by. That is root's; anybody else's mmdebstrap sees to
// it itself, and root without that right mounts nothing either.
func withOwnMounts(cmd *exec.Cmd) {
	probe := exec.Command("/bin/true")
	probe.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if probe.Run() == nil {
		cmd.SysProcAttr.Unshareflags = syscall.CLONE_NEWNS
	}
}
