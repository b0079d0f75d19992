//go:build !linux

package debian

import "os/exec"

// withOwnMounts does nothing: Debian cannot be built on this system.
func withOwnMounts(*exec.Cmd) bool { return false }
