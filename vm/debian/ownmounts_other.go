//go:build !linux

package debian

import "os/exec"

// useOwnMountNamespace does nothing: Debian cannot be built on this system.
func useOwnMountNamespace(*exec.Cmd) bool { return false }
