package debian

import (
	"os/exec"
	"syscall"
)

// useOwnMountNamespace makes a command run in its own mount namespace, so that nothing stays
// mounted, no matter how it exits. It returns false if this process may not create one. For
// users other than root, mmdebstrap creates its own; root without the necessary capability
// cannot mount anything anyway.
func useOwnMountNamespace(cmd *exec.Cmd) bool {
	probe := exec.Command("/bin/true")
	probe.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if probe.Run() != nil {
		return false
	}
	cmd.SysProcAttr.Unshareflags = syscall.CLONE_NEWNS
	return true
}
