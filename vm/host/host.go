// Package host owns one running VM: the host process, and the client with
// which windows and commands speak to it.
//
// # The host process
//
// Launch starts this program anew, detached, and there Run is the whole of the
// hidden command. Run takes the VM's lock, lets QEMU inherit it, drains the
// console, answers on a private unix socket, and leaves when QEMU has left,
// with the reason in last.json. Whoever asked for it may go; killing a window
// never stops a VM, and killing the host process does not kill QEMU: then the
// lock is still held, and another Run with Spec.Adopt takes the VM over.
//
// # Who is there
//
// Two locks tell the truth, and no pid file does. The VM's lock is held while
// QEMU or its host process lives (or by a job on the stopped disk); host.lock is
// held by the host process alone. host.json only says where to look.
//
// # The API
//
// HTTP/1.1 on the unix socket, JSON both ways, for the same user only; see
// server.go for the list. Console and point in time are connections that last
// as long as their client does.
//
// This package must never know snapshots, the window, or how commands print.
package host

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/vm/qemu"
)

// DefaultGrace is how long a guest may take to power off before it is forced.
const DefaultGrace = 20 * time.Second

// Spec is what Run needs to know of a VM.
type Spec struct {
	Name   string
	ID     string // vm.VM.ID; "": the guest is not told which VM it is
	Dir    ondisk.VMDir
	RunDir string // Home.Run(): the folder of private sockets; a short path

	CPUs, MemoryMB int
	Kernel, Append string // booted directly; empty: the disk boots
	MAC            string
	Seed           string // a disk that the guest can only read; "" for none
	Forwards       []qemu.Forward
	Isolated       bool
	Shares         []Share
	Firmware       qemu.FirmwareSource // UEFI; the zero value: a BIOS

	Accel            string // qemu.Auto (also ""), qemu.KVM, qemu.TCG
	AcceleratorsFile string // Home.Accelerators()

	// Grace is how long the guest may take to power off when the host process
	// is told to end; 0 means DefaultGrace.
	Grace time.Duration
	// Adopt takes over a QEMU of this VM whose host process is gone, and starts
	// none: ErrNotRunning if there is no such QEMU.
	Adopt bool
}

// ErrBadSpec is the cause when a Spec makes no sense.
var ErrBadSpec = errors.New("cannot run such a VM")

func (s *Spec) complete() error {
	if s.Accel == "" {
		s.Accel = qemu.Auto
	}
	if s.Grace <= 0 {
		s.Grace = DefaultGrace
	}
	switch {
	case s.Name == "":
		return fmt.Errorf("%w: it has no name", ErrBadSpec)
	case s.Dir == "" || s.RunDir == "":
		return fmt.Errorf("%w: its folders are not known", ErrBadSpec)
	case s.CPUs < 1 || s.MemoryMB < 1:
		return fmt.Errorf("%w: %d CPUs, %d MB of memory", ErrBadSpec, s.CPUs, s.MemoryMB)
	}
	return nil
}

// Phase is what a running VM is doing.
type Phase string

// The phases of a running VM, in their order; Paused and Running alternate.
const (
	Starting Phase = "starting"
	Running  Phase = "running"
	Paused   Phase = "paused"
	Stopping Phase = "stopping"
	Gone     Phase = "gone" // the last event's; State never returns it
)

// State is a running VM as its host process sees it.
type State struct {
	Version int    `json:"version"` // of this API
	Name    string `json:"name"`
	State   Phase  `json:"state"`
	// Reason is one short sentence where the state is not plain: why it is
	// paused or stopping, or how it left; else "".
	Reason string `json:"reason,omitempty"`

	Accelerator string    `json:"accelerator"` // qemu.KVM, qemu.TCG, …
	Why         string    `json:"accelerator_why"`
	Since       time.Time `json:"since"` // start of QEMU, UTC
	PID         int       `json:"pid"`   // of the host process
	QEMUPID     int       `json:"qemu_pid"`
	CPUs        int       `json:"cpus"`
	MemoryMB    int       `json:"memory_mb"`

	Agent        bool     `json:"agent"`                   // the guest's agent answers
	AgentVersion int      `json:"agent_version,omitempty"` // of its protocol
	Addresses    []string `json:"addresses,omitempty"`     // the guest's, a few seconds old at most; not in events

	Attached    int  `json:"attached"`      // consoles
	PointInTime bool `json:"point_in_time"` // one is being read

	// Shares is what became of the VM's shared folders; nil until the guest was asked
	// to mount them.
	Shares []ShareState `json:"shares,omitempty"`

	// Forwards is which ports lead into the guest now; nil: not known, and SetForwards
	// cannot change them. So it is of the host processes of earlier versions.
	Forwards []qemu.Forward `json:"forwards"`

	// Usage is what QEMU takes of the host; not in events.
	Usage Usage `json:"usage"`

	// UnchangedSince is the ID of a snapshot since whose moment the guest has
	// written nothing to its disk, "" when it has or that is not known; not in
	// events.
	UnchangedSince string `json:"unchanged_since,omitempty"`
}

// apiVersion goes up when an older client would misunderstand the API.
const apiVersion = 1

// Event says that something changed; State is how it is now.
type Event struct {
	Time  time.Time `json:"time"`
	Kind  string    `json:"kind"` // EventState, …
	State State     `json:"state"`
}

// Kinds of events.
const (
	EventState       = "state" // also the first event, which tells how things are
	EventConsole     = "console"
	EventAgent       = "agent"
	EventPointInTime = "point-in-time"
)

// PointInTime is a running VM's disk as it was at one moment, readable over NBD
// until it is ended.
type PointInTime struct {
	ID     string        `json:"id"`
	Socket string        `json:"socket"` // unix socket of the NBD server
	Export string        `json:"export"`
	Size   int64         `json:"size"`    // bytes
	Taken  string        `json:"taken"`   // TakenFrozen or TakenCrash
	Held   time.Duration `json:"held_ns"` // how long the guest's writers were held

	// Changes names a dirty bitmap for qemu.ReadChanges: what has changed since
	// Since was taken; "" when that is not known.
	Changes string      `json:"changes,omitempty"`
	Since   SnapshotRef `json:"since,omitzero"`

	client *Client
}

// SnapshotRef names a snapshot that a point in time became, so that no other
// one is ever taken for it.
type SnapshotRef struct {
	ID     string `json:"id"`
	Digest string `json:"digest"` // image digest
}

// Kept tells the host process what snapshot the point in time became. From then
// on the changes since that snapshot are noted, in place of those since an
// earlier one. Before Close.
func (p PointInTime) Kept(ctx context.Context, s SnapshotRef) error {
	return p.client.call(ctx, http.MethodPost, "/v1/point-in-time/kept?id="+url.QueryEscape(p.ID), s, nil)
}

// Close ends the point in time, as Client.EndPointInTime does.
func (p PointInTime) Close() error { return p.client.Close() }

// How a point in time was taken.
const (
	TakenFrozen = "frozen"
	TakenCrash  = "crash-consistent"
)

// StopRequest says how to stop. Grace 0 means the VM's own.
type StopRequest struct {
	Force bool          `json:"force"`
	Grace time.Duration `json:"grace_ns"`
}

// ConsoleRequest says how to attach. Replay is how many bytes of recent output
// come first, about; negative: all that is kept.
type ConsoleRequest struct {
	Replay int
}
