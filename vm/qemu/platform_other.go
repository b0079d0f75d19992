//go:build !linux && !darwin

package qemu

// hardware is none: this system's accelerator is not known here.
const hardware = "none"

const hardwareBroken = ""

func lookAtHardware() string { return "no accelerator is known for this system" }

var sandbox []string

func bootID() (string, error) { return "", nil }
