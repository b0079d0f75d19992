// Package supervisor runs VMs. It contains the supervisor process, which owns one
// running VM, and the [Client] through which the front ends control it.
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
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"vmterminal/vm/home"
	"vmterminal/vm/qemu"
)

// DefaultGrace is how long a guest may take to power off before the power is cut,
// unless the stop request sets another time.
const DefaultGrace = 20 * time.Second

// Spec describes the VM that Run runs.
type Spec struct {
	Name   string
	ID     string // vm.VM.ID; "" if the guest does not get an identity
	Dir    home.VMDir
	RunDir string // home.Dir.Run, the preferred folder for private sockets; see runDirs

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
	// one. Run fails with ErrNotRunning if there is no such QEMU.
	Adopt bool
}

// ErrBadSpec means that a Spec is incomplete or invalid.
var ErrBadSpec = errors.New("invalid VM specification")

func (s *Spec) complete() error {
	if s.Accel == "" {
		s.Accel = qemu.Auto
	}
	switch {
	case s.Name == "":
		return fmt.Errorf("%w: no name", ErrBadSpec)
	case s.Dir == "" || s.RunDir == "":
		return fmt.Errorf("%w: no folders", ErrBadSpec)
	case s.CPUs < 1 || s.MemoryMB < 1:
		return fmt.Errorf("%w: %d CPUs, %d MB of memory", ErrBadSpec, s.CPUs, s.MemoryMB)
	}
	return nil
}

// Phase is a phase of a VM's run.
type Phase string

// The phases of a run in order; Running and Paused may alternate.
const (
	Starting Phase = "starting"
	Running  Phase = "running"
	Paused   Phase = "paused"
	Stopping Phase = "stopping"
	Gone     Phase = "gone" // only in the last event; State never returns it
)

// State is the state of a running VM as its supervisor reports it.
type State struct {
	Version     int         `json:"version"` // API version
	Name        string      `json:"name"`
	State       Phase       `json:"state"`
	PauseReason PauseReason `json:"pause_reason,omitzero"` // with Paused; zero if requested
	ExitReason  ExitReason  `json:"exit_reason,omitzero"`  // with Gone

	Accelerator    string    `json:"accelerator"` // qemu.KVM, qemu.TCG, …
	AcceleratorWhy string    `json:"accelerator_why"`
	Since          time.Time `json:"since"` // start of QEMU, UTC
	PID            int       `json:"pid"`   // of the supervisor
	QEMUPID        int       `json:"qemu_pid"`
	CPUs           int       `json:"cpus"`
	MemoryMB       int       `json:"memory_mb"`

	Agent        bool `json:"agent"`                   // the guest's agent answers
	AgentVersion int  `json:"agent_version,omitempty"` // protocol version of the agent
	// AgentLost is when the guest's agent stopped answering. It is zero while the agent
	// answers and before it has answered for the first time.
	AgentLost time.Time `json:"agent_lost,omitzero"`
	Addresses []string  `json:"addresses,omitempty"` // IP addresses of the guest, at most a few seconds old; not in events

	Attached    int  `json:"attached"`      // number of attached consoles
	PointInTime bool `json:"point_in_time"` // a point in time is being read

	// DiskReplaced reports whether the disk the guest writes to was deleted or replaced by
	// another file; not in events.
	DiskReplaced bool `json:"disk_replaced,omitempty"`

	// Shares are the shared folders of the VM; nil until the guest was asked to mount
	// them.
	Shares []ShareState `json:"shares,omitempty"`

	// Forwards are the current port forwards. Nil means that they are unknown and
	// SetForwards is not supported, as with supervisors of earlier versions.
	Forwards []qemu.Forward `json:"forwards"`

	// Usage is QEMU's use of the host's resources; not in events.
	Usage Usage `json:"usage"`

	// UnchangedSince is the ID of the snapshot since which the guest has not written to
	// its disk. It is "" if the guest has, or if that is unknown; not in events.
	UnchangedSince string `json:"unchanged_since,omitempty"`
}

// apiVersion must be incremented when an older client would misunderstand the API.
const apiVersion = 1

// Event reports a change; State is the state after it.
type Event struct {
	Time  time.Time `json:"time"`
	Kind  string    `json:"kind"` // EventState, …
	State State     `json:"state"`
}

// Kinds of events.
const (
	EventState       = "state" // also the kind of the first event, with the current state
	EventConsole     = "console"
	EventAgent       = "agent"
	EventPointInTime = "point-in-time"
)

// PointInTime is the disk of a running VM as it was at one moment. It can be read
// over NBD until it is closed.
type PointInTime struct {
	ID        string        `json:"id"`
	Socket    string        `json:"socket"` // unix socket of the NBD server
	Export    string        `json:"export"`
	Size      int64         `json:"size"`    // bytes
	Taken     string        `json:"taken"`   // TakenFrozen or TakenCrash
	FrozenFor time.Duration `json:"held_ns"` // how long the guest could not write

	// NotFrozen is why Taken is TakenCrash; "" from supervisors of earlier versions.
	NotFrozen NotFrozen `json:"not_frozen,omitempty"`

	// Changes is the name of a dirty bitmap for qemu.ReadChanges with the changes since
	// the snapshot Since; "" if these are unknown.
	Changes string      `json:"changes,omitempty"`
	Since   SnapshotRef `json:"since,omitzero"`

	client *Client
}

// SnapshotRef identifies a snapshot created from a point in time. The digest makes sure
// that another snapshot is not mistaken for it.
type SnapshotRef struct {
	ID     string `json:"id"`
	Digest string `json:"digest"` // image digest
}

// RecordSnapshot reports to the supervisor that s was created from the point in time.
// From then on the supervisor tracks the changes since s instead of those since an
// earlier snapshot. It must be called before Close.
func (p PointInTime) RecordSnapshot(ctx context.Context, s SnapshotRef) error {
	return p.client.call(ctx, http.MethodPost, "/v1/point-in-time/kept?id="+url.QueryEscape(p.ID), s, nil)
}

// Close ends the point in time; see [Client.EndPointInTime].
func (p PointInTime) Close() error { return p.client.Close() }

// Values of PointInTime.Taken.
const (
	TakenFrozen = "frozen"
	TakenCrash  = "crash-consistent"
)

// NotFrozen says why the guest's file systems were not frozen for a point in time.
type NotFrozen string

// Reasons for TakenCrash.
const (
	NotFrozenPaused      NotFrozen = "paused"        // the VM is paused, so the agent cannot answer
	NotFrozenNoAgent     NotFrozen = "no-agent"      // the guest's agent does not answer, or does not run yet
	NotFrozenRefused     NotFrozen = "refused"       // the guest could not freeze
	NotFrozenThawedEarly NotFrozen = "thawed-early"  // the guest thawed by itself before the point in time was set up
	NotFrozenUnconfirmed NotFrozen = "not-confirmed" // the guest did not confirm that it thawed
)

// StopRequest says how to stop a VM. Grace 0 means DefaultGrace.
type StopRequest struct {
	Force bool          `json:"force"`
	Grace time.Duration `json:"grace_ns"`
}

// ConsoleRequest says how to attach to a console. Replay is roughly how many bytes of
// recent output to send first; negative means all that is stored.
type ConsoleRequest struct {
	Replay int
}
