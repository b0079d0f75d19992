package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"vmterminal/vm/qcow2"
	"vmterminal/vm/qemu"
)

// DefaultGrace is how long a guest may take to power off before the power is cut,
// unless the stop request sets another time.
const DefaultGrace = 20 * time.Second

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

	Accelerator       string      `json:"accelerator"` // qemu.KVM, qemu.TCG, …
	AcceleratorReason qemu.Reason `json:"accelerator_reason,omitempty"`
	// AcceleratorText is the sentence that an earlier version wrote instead of the reason.
	AcceleratorText string    `json:"accelerator_why,omitempty"`
	Since           time.Time `json:"since"` // start of QEMU, UTC
	PID             int       `json:"pid"`   // of the supervisor
	QEMUPID         int       `json:"qemu_pid"`
	CPUs            int       `json:"cpus"`
	MemoryMB        int       `json:"memory_mb"`

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

	// Fill describes the guest's disk while it is lazy, and is nil otherwise.
	Fill *FillState `json:"fill,omitempty"`

	// UnchangedSince is the ID of the snapshot since which the guest has not written to
	// its disk. It is "" if the guest has, or if that is unknown; not in events.
	UnchangedSince string `json:"unchanged_since,omitempty"`
}

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
	EventFill        = "fill"
)

// PointInTime is the disk of a running VM as it was at one moment. It can be read
// over NBD until it is closed.
type PointInTime struct {
	ID        string        `json:"id"`
	Socket    string        `json:"socket"` // unix socket of the NBD server
	Export    string        `json:"export"`
	Size      int64         `json:"size"`    // bytes
	Taken     string        `json:"taken"`   // TakenFrozen, TakenCrash or TakenStopped
	FrozenFor time.Duration `json:"held_ns"` // how long the guest could not write

	// NotFrozen is why Taken is TakenCrash; "" from supervisors of earlier versions.
	NotFrozen NotFrozen `json:"not_frozen,omitempty"`

	// Changes is the name of a dirty bitmap for qemu.ReadChanges with the changes since
	// the snapshot Since; "" if these are unknown.
	Changes string      `json:"changes,omitempty"`
	Since   SnapshotRef `json:"since,omitzero"`
	// Earlier are further changes since Since, from before QEMU was started.
	Earlier []qcow2.Range `json:"earlier,omitempty"`

	// DiskInode and DiskModified are the inode number and the modification time of the disk
	// at an initial point in time.
	DiskInode    uint64    `json:"disk_inode,omitempty"`
	DiskModified time.Time `json:"disk_modified,omitzero"`

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
	TakenFrozen  = "frozen"
	TakenCrash   = "crash-consistent"
	TakenStopped = "stopped" // before the guest ran; see InitialPointInTime
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

// Usage is the resource usage of a VM's QEMU. The zero value means that it is unknown.
type Usage struct {
	// CPUTime is the CPU time used on all CPUs.
	CPUTime time.Duration `json:"cpu_time_ns"`
	// Memory is the resident memory in bytes.
	Memory int64 `json:"memory"`
}

// ShareState is a shared folder of a running VM. Path is the folder on the host.
type ShareState struct {
	Path string `json:"path"`
	ShareProblem
}

// ConsoleProtocol is the protocol name of a console connection.
const ConsoleProtocol = "vmterminal-console"

// ForwardsRequest is the body of a request that replaces all forwards.
type ForwardsRequest struct {
	Forwards []qemu.Forward `json:"forwards"`
}

// StopLine is a line of the answer to a StopRequest: a step, or the end.
type StopLine struct {
	Step StopStep `json:"step,omitzero"`
	Line string   `json:"line,omitempty"` // the step as a sentence, from supervisors of earlier versions
	Done bool     `json:"done,omitempty"`
	Last *Last    `json:"last,omitempty"`
}

// ResizeRequest is the body of a request that sets the console's size in characters.
type ResizeRequest struct {
	Cols int `json:"cols"`
	Rows int `json:"rows"`
}

// ProgramsReply is the answer with the guest's foreground programs.
type ProgramsReply struct {
	Programs []string `json:"programs"`
}
