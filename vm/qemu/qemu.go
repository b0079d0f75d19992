// Package qemu knows QEMU: where its program is, which accelerator truly works
// on this machine, the arguments that make a VM of a disk, and how a running
// VM's disk is read as it was at one point in time.
//
// It starts no VM and owns none (the host process does that), and must never
// know the store of VMs, snapshots or anything that draws.
package qemu

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"runtime"
	"time"
)

// ErrNoQEMU says that QEMU's program was not found. Find wraps it in a
// *Missing.
var ErrNoQEMU = errors.New("QEMU is not installed")

// Missing is a program that was not found, and what to install for it.
type Missing struct {
	Program string // "qemu-system-x86_64"
	Package string // Debian's name for it: "qemu-system-x86"
}

func (m *Missing) Error() string { return fmt.Sprintf("%v: %s was not found", ErrNoQEMU, m.Program) }

func (m *Missing) Unwrap() error { return ErrNoQEMU }

// board is what differs from one processor architecture to the other.
type board struct {
	program string
	debian  string // package
	machine string // for -M
	serial  string // driver of the guest's first serial port
	console string // its name in the guest
	probe   probe
}

// boards is by GOARCH: a guest is of the host's architecture.
var boards = map[string]board{
	"amd64": {
		program: "qemu-system-x86_64",
		debian:  "qemu-system-x86",
		machine: "pc",
		serial:  "isa-serial",
		console: "ttyS0",
		probe:   probeAMD64,
	},
}

func hostBoard() (board, error) {
	b, ok := boards[runtime.GOARCH]
	if !ok {
		return board{}, fmt.Errorf("no VMs on %s processors", runtime.GOARCH)
	}
	return b, nil
}

var versionLine = regexp.MustCompile(`^QEMU emulator version (\d+(?:\.\d+)+)`)

// Find returns the path of QEMU's program for this processor and its version
// ("7.2.22"). An absent program is a *Missing (ErrNoQEMU). It takes some 20 ms.
func Find() (binary, version string, err error) {
	b, err := hostBoard()
	if err != nil {
		return "", "", err
	}
	binary, err = exec.LookPath(b.program)
	if err != nil {
		return "", "", &Missing{Program: b.program, Package: b.debian}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, binary, "--version").Output()
	if err != nil {
		return "", "", fmt.Errorf("%s --version: %w", binary, err)
	}
	m := versionLine.FindSubmatch(out)
	if m == nil {
		return "", "", fmt.Errorf("%s --version: not QEMU's answer", binary)
	}
	return binary, string(m[1]), nil
}
