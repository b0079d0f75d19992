//go:build !linux && !darwin

package qemu

import "os/exec"

// hardware matches no accelerator: none is supported on this system.
const hardware = "none"

const hardwareBroken = ""

func findHardwareTrouble() Reason { return ReasonUnknownSystem }

var sandbox []string

func bootID() (string, error) { return "", nil }

// runWithParent runs a command. This system cannot kill it when its parent dies.
func runWithParent(cmd *exec.Cmd) error { return cmd.Run() }
