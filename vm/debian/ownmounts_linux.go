package debian

import (
	"os/exec"
	"syscall"
)

// withOwnMounts has what a command mounts be there for itself alone, so that nothing
// stays mounted, whatever it ends by. That is root's; anybody else's mmdebstrap sees to
// it itself, and root without that right mounts nothing either: then it is false.
func withOwnMounts(cmd *exec.Cmd) bool {
	probe := exec.Command("/bin/true")
	probe.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if probe.Run() != nil {
		return false
	}
	cmd.SysProcAttr.Unshareflags = syscall.CLONE_NEWNS
	return true
}
