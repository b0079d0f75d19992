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
	"context"
	"fmt"
	"net"

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

	// OpenLazy, if set, returns the disk if it is lazy, and otherwise nil. It is called once,
	// after Run has locked the VM.
	OpenLazy func() (*LazyDisk, error) `json:"-"`

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

// LazyDisk describes a disk that is still being filled in; see package lazydisk. The functions
// are called from several goroutines, and return when their context ends.
type LazyDisk struct {
	Overlay string // qcow2 file with the guest's writes
	Size    int64  // of the disk in bytes
	// Source is the name of the snapshot or image. Snapshot identifies a snapshot.
	Source   string
	Snapshot client.SnapshotRef

	// Serve serves the source as the only export of an NBD server, and calls onReadError
	// if it cannot be read. It is nil if QEMU reads Image, in the format ImageFormat.
	Serve              func(ctx context.Context, l net.Listener, onReadError func(client.FillProblem)) error
	Image, ImageFormat string

	// Fill writes the contents of the source to the disk, durably, and reports how many
	// bytes of how many it has written. The error may be a *FillError. Fill is nil for a
	// disk that is not filled in.
	Fill func(ctx context.Context, progress func(done, total int64)) error
	// Complete makes the filled disk an ordinary one, durably. After an error other than
	// durable.ErrNotDurable, the disk is still lazy.
	Complete func() error
}

// FillError is an error of LazyDisk.Fill whose cause is known.
type FillError struct {
	client.FillProblem
	Err error
}

func (e *FillError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *FillError) Unwrap() error { return e.Err }

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
