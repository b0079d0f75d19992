//go:build !linux

package image

import "os/exec"

// runWhileWeLive runs a command, and meanwhile reads its output until that ends.
func runWhileWeLive(cmd *exec.Cmd, read func()) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	read()
	return cmd.Wait()
}
