package app

import (
	"time"

	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/supervisor/client"
)

// VMState is the state of a VM.
type VMState string

// The states of a VM.
const (
	Stopped  VMState = "stopped"
	Starting VMState = "starting"
	Running  VMState = "running"
	Paused   VMState = "paused"
	Stopping VMState = "stopping"
	// Lost means that the VM is running, but its supervisor has exited or does not answer.
	Lost VMState = "not answering"
	// Broken means that the VM cannot be used; VM.Problem says why.
	Broken VMState = "broken"
)

// Alive reports whether the VM's QEMU is running.
func (s VMState) Alive() bool {
	return s == Starting || s == Running || s == Paused || s == Stopping || s == Lost
}

// VM describes a VM and its current state.
type VM struct {
	Name   string
	Active bool
	State  VMState
	// Problem says why a VM is broken or unreachable. Its code is "" if it is neither.
	Problem problem.Problem
	// Temporary VMs are deleted when they stop; see KeepVM.
	Temporary bool
	// Unreachable says why a running VM cannot be controlled; it is "" if it can.
	Unreachable UnreachableCode
	// PauseReason says why a VM is paused; it is zero if the VM was paused on request.
	PauseReason PauseReason
	// DiskReplaced reports that another file has replaced the disk file that the running guest
	// still uses.
	DiskReplaced bool
	// Activity says what a job in this or another process is doing; it is zero if no job is
	// running.
	Activity durable.Activity

	Image    string
	CPUs     int
	MemoryMB int
	Created  time.Time
	MAC      string
	Dir      string

	// DiskSize and DiskUsed are the length of the disk and the space it uses, in bytes.
	DiskSize, DiskUsed int64
	// Filling describes the disk while it is lazy, and is nil otherwise.
	Filling *Filling
	// UndoUsed is the space used by the undo disk, in bytes, or 0.
	UndoUsed int64

	Snapshots    int
	LastSnapshot time.Time // zero if the VM has no snapshots

	// Isolated guests cannot reach networks; their forwards work nevertheless.
	Isolated bool
	Forwards []Forward
	// ForwardsNow lists the active forwards of a running VM. It is nil if they are unknown, as
	// for VMs started by an earlier version; then changes take effect at the next start.
	ForwardsNow []Forward
	Shares      []Share
	// UEFI reports whether the guest boots with UEFI firmware instead of a BIOS.
	UEFI bool

	// Automatic is the setting and state of automatic snapshots.
	Automatic AutomaticState

	// Accel is the accelerator setting: auto, kvm or tcg.
	Accel string
	// For a running VM: the accelerator in use and why it was selected, the time of the start,
	// and the guest's addresses.
	Accelerator       string
	AcceleratorReason AcceleratorReason
	Since             time.Time
	Addresses         []string
	// CPUTime is the total processor time of the VM's QEMU; MemoryUsed is its memory in bytes.
	// 0 means unknown.
	CPUTime    time.Duration
	MemoryUsed int64
	// Agent reports whether the guest's agent answers.
	Agent bool
	// NotFrozen says why the disk of a new clone of a running VM is only crash-consistent.
	NotFrozen NotFrozen
	// ExitReason and ExitedAt are the reason and time of the last exit of a stopped VM; zero if
	// unknown.
	ExitReason ExitReason
	ExitedAt   time.Time
	// ReplacedDisk says where the guest's disk is if another file replaced it during the last
	// run.
	ReplacedDisk ReplacedDisk
}

// Filling describes a lazy disk: it is being filled in from a snapshot or an image while the VM
// runs.
type Filling struct {
	// Source is the name of the snapshot or image.
	Source string
	// Done is how many bytes of Total have been filled in. Total is 0 if that is unknown, as
	// it is for a stopped VM.
	Done, Total int64
	// Problem says why filling in has stopped for now.
	Problem FillProblem
}

// NewVM describes a VM to create. Zero values select the defaults.
type NewVM struct {
	Name       string
	CPUs       int
	MemoryMB   int
	DiskSizeMB int
	Accel      string
	Isolated   bool
	Forwards   []Forward
	Shares     []Share
	// Image is used by CreateFromImage: the name of a cached image, a path or a URL. Found can
	// be set instead.
	Image string
	Found *FoundImage
	// UEFI boots the image with UEFI firmware even if that does not seem to be required.
	UEFI bool
	// Force accepts an image that is shorter than its partition table requires.
	Force bool
	// Start starts the VM. A VM created from a cached image, or from a snapshot, starts at
	// once if possible: its disk is filled in while it runs.
	Start bool
	// Adopt reuses the folder of a VM that was deleted without its data.
	Adopt bool
}

// StartOptions configures Start.
type StartOptions struct {
	// Accel, if not empty, overrides the VM's accelerator setting for this start.
	Accel string
}

// StopOptions configures Stop.
type StopOptions struct {
	// Force cuts the power immediately.
	Force bool
	// Grace is how long the guest may take to power off; 0 means DefaultGrace.
	Grace time.Duration
}

// DefaultGrace is how long a guest may take to power off by default.
const DefaultGrace = client.DefaultGrace
