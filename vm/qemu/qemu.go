// Package qemu wraps QEMU: it finds the program, tests which accelerator works
// ([Probe]), builds the command line of a VM ([Machine]), and reads a running VM's disk
// as of a point in time ([PointInTime]).
//
// It does not start VMs; the supervisor does. It must not import the list of VMs,
// snapshots or a user interface, so that all of them can use it.
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

// ErrNoQEMU means that QEMU's program was not found. Find wraps it in a *Missing.
var ErrNoQEMU = errors.New("QEMU is not installed")

// Missing is the error if QEMU's program for this processor was not found.
type Missing struct {
	Program string // "qemu-system-x86_64"
}

func (m *Missing) Error() string { return fmt.Sprintf("%v: %s was not found", ErrNoQEMU, m.Program) }

func (m *Missing) Unwrap() error { return ErrNoQEMU }

// board holds the settings that depend on the processor architecture.
type board struct {
	program string
	machine string // for -M
	serial  string // driver of the first serial port
	console string // name of that port in the guest
	probe   probe
}

// boards maps GOARCH to a board: guests have the host's architecture.
var boards = map[string]board{
	"amd64": {
		program: "qemu-system-x86_64",
		machine: "pc",
		serial:  "isa-serial",
		console: "ttyS0",
		probe:   probeAMD64,
	},
}

func hostBoard() (board, error) {
	b, ok := boards[runtime.GOARCH]
	if !ok {
		return board{}, fmt.Errorf("VMs are not supported on %s processors", runtime.GOARCH)
	}
	return b, nil
}

var versionLine = regexp.MustCompile(`^QEMU emulator version (\d+(?:\.\d+)+)`)

// Find returns the path and the version ("7.2.22") of QEMU's program for this processor. If
// it is not installed, the error is a *Missing. Find takes about 20 ms.
func Find() (binary, version string, err error) {
	b, err := hostBoard()
	if err != nil {
		return "", "", err
	}
	binary, err = exec.LookPath(b.program)
	if err != nil {
		return "", "", &Missing{Program: b.program}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, binary, "--version").Output()
	if err != nil {
		return "", "", fmt.Errorf("%s --version: %w", binary, err)
	}
	m := versionLine.FindSubmatch(out)
	if m == nil {
		return "", "", fmt.Errorf("%s --version: unexpected output", binary)
	}
	return binary, string(m[1]), nil
}
