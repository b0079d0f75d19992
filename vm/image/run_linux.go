package image

import (
	"os/exec"
	"runtime"
	"syscall"
)

// runWhileWeLive runs a command, which is killed when this process dies, and
// meanwhile reads its output until that ends.
func runWhileWeLive(cmd *exec.Cmd, read func()) error {
	runtime.LockOSThread() // whose end Pdeathsig means
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	read()
	return cmd.Wait()
}
