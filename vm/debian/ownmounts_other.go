//go:build !linux

package debian

import "os/exec"

// withOwnMounts does nothing: no Debian is built here.
func withOwnMounts(*exec.Cmd) bool { return false }
