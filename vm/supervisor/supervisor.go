// Package supervisor runs VMs. It contains the supervisor process, which owns one
// running VM. Package client connects to it and defines its API.
//
// # The supervisor process
//
// [Launch] starts this program again as a detached process, in which a hidden
// command calls [Run]. Run locks the VM, lets QEMU inherit the lock, reads the
// console and serves an API on a private unix socket. When QEMU exits, Run records
// the reason in last.json and returns. Closing or killing a front end never stops
// a VM. Killing the supervisor does not kill QEMU, which still holds the lock;
// another Run with Spec.Adopt takes the VM over.
//
// # Locks
//
// Two locks say what is running; there are no pid files. The VM's lock is held by
// QEMU and its supervisor (or by a job that works on the disk of a stopped VM),
// host.lock by the supervisor alone. host.json only says where the sockets are.
//
// # The API
//
// The API is HTTP/1.1 with JSON over the unix socket, for the same user only;
// server.go lists the requests. A console and a point in time are connections that
// last as long as their client keeps them open.
//
// # Debug log and profiles
//
// With Spec.Debug the supervisor also writes rate-limited debug messages to
// host.log. A message has the operation (a QMP command, the kind of a request), its
// size, duration and class of error. It never contains data from a guest or a user:
// no arguments, environment variables, file names, file contents, console text, or
// error texts that could repeat them.
//
// /debug/pprof/ on the same socket serves the profiles of net/http/pprof.
//
// This package must not import package snapshot or any front end.
package supervisor

import (
	"fmt"

	"vmterminal/vm/home"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// Spec describes the VM that Run runs.
type Spec struct {
	Name   string
	ID     string // vm.VM.ID; "" if the guest does not get an identity
	Dir    home.VMDir
	RunDir string // home.Dir.Run, the preferred folder for private sockets; see RunDirs

	CPUs, MemoryMB int
	Kernel, Append string // for direct boot; empty to boot from the disk
	MAC            string
	Seed           string // path of a read-only disk; "" for none
	Forwards       []qemu.Forward
	Isolated       bool
	Shares         []Share
	Firmware       qemu.FirmwareSource // UEFI; the zero value means BIOS

	// Room, if set, returns an error if writing that many more bytes would fill the file
	// system of Dir.
	Room func(bytes int64) error `json:"-"`

	Accel            string // qemu.Auto (also ""), qemu.KVM, qemu.TCG
	AcceleratorsFile string // home.Dir.Accelerators

	// Debug adds debug messages to host.log.
	Debug bool
	// Adopt takes over a QEMU of this VM whose supervisor is gone, and never starts
	// one. Run fails with client.ErrNotRunning if there is no such QEMU.
	Adopt bool
}

func (s *Spec) validate() error {
	if s.Accel == "" {
		s.Accel = qemu.Auto
	}
	switch {
	case s.Name == "":
		return fmt.Errorf("%w: no name", client.ErrBadSpec)
	case s.Dir == "" || s.RunDir == "":
		return fmt.Errorf("%w: no folders", client.ErrBadSpec)
	case s.CPUs < 1 || s.MemoryMB < 1:
		return fmt.Errorf("%w: %d CPUs, %d MB of memory", client.ErrBadSpec, s.CPUs, s.MemoryMB)
	}
	return nil
}

// apiVersion must be incremented when an older client would misunderstand the API.
const apiVersion = 1
