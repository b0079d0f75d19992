//go:build !linux && !darwin

package qemu

import "os/exec"

// hardware is none: this system's accelerator is not known here.
const hardware = "none"

const hardwareBroken = ""

func lookAtHardware() string { return "no accelerator is known for this system" }

var sandbox []string

func bootID() (string, error) { return "", nil }

// runWhileWeLive runs a command. It is not known here how to have one killed
// when its parent dies.
func runWhileWeLive(cmd *exec.Cmd) error { return cmd.Run() }
