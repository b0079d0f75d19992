package app

import (
	"time"
)

// VMState is a VM's state as a face shows it.
type VMState string

// The states of a VM.
const (
	Stopped  VMState = "stopped"
	Starting VMState = "starting"
	Running  VMState = "running"
	Paused   VMState = "paused"
	Stopping VMState = "stopping"
	// Lost is a VM that runs although its host process is gone, or that does not answer.
	Lost VMState = "not answering"
	// Broken is a VM that cannot be used; Problem says why.
	Broken VMState = "broken"
)

// Alive tells whether the VM's QEMU runs.
func (s VMState) Alive() bool {
	return s == Starting || s == Running || s == Paused || s == Stopping || s == Lost
}

// VM is one VM with its present state, as faces show it.
type VM struct {
	Name   string
	Active bool
	State  VMState
	// Problem is one line about a broken VM, one that does not answer, or one that was
	// paused by what is no person.
	Problem string
	// Doing is what a job of this or another process does with it, or "".
	Doing string

	Image    string
	CPUs     int
	MemoryMB int
	Created  time.Time
	MAC      string
	Dir      string

	// DiskSize and DiskUsed are bytes; DiskUsed is what the host's disk gives for it.
	DiskSize, DiskUsed int64
	// UndoUsed is what the disk kept by the last restore takes, 0 if there is none.
	UndoUsed int64

	Snapshots    int
	LastSnapshot time.Time // zero: none

	// Isolated guests reach no network; Forwards lead to them nevertheless.
	Isolated bool
	Forwards []Forward
	// ForwardsNow is what leads into the guest of a running VM at this moment; nil:
	// not known, as of a VM that an earlier version of the program has started. A
	// change of Forwards counts from the next start on then.
	ForwardsNow []Forward
	Shares      []Share
	// UEFI tells whether the guest is started by UEFI firmware, not by a BIOS.
	UEFI bool

	// Automatic is when snapshots are taken without anyone asking.
	Automatic AutomaticState

	// Accel is what is asked for: auto, kvm or tcg.
	Accel string
	// While it runs: what it got and why, since when, and the guest's addresses.
	Accelerator, AcceleratorWhy string
	Since                       time.Time
	Addresses                   []string
	// CPUTime is how long its QEMU has kept processors of the host busy, all taken
	// together; MemoryUsed is the bytes of memory that it takes. 0: not known.
	CPUTime    time.Duration
	MemoryUsed int64
	// Agent tells whether the guest's agent answers.
	Agent bool
	// Left says how the VM last left, e.g. "powered off by the guest".
	Left   string
	LeftAt time.Time
}

// NewVM asks for a VM. Zero values mean the defaults.
type NewVM struct {
	Name       string
	CPUs       int
	MemoryMB   int
	DiskSizeMB int
	Accel      string
	Isolated   bool
	Forwards   []Forward
	Shares     []Share
	// Image is what CreateFromImage makes the disk of: the name of an image that is
	// kept, a file's path, or an address; or Found is.
	Image string
	Found *FoundImage
	// UEFI starts the image by UEFI, whether or not it looks as if it needed that.
	UEFI bool
	// Adopt takes over the folder that a VM deleted without its data left.
	Adopt bool
}

// StartOptions is how to start a VM.
type StartOptions struct {
	// Accel overrides the VM's own setting, this once, when not empty.
	Accel string
}

// StopOptions is how to stop a VM.
type StopOptions struct {
	// Force cuts the power at once.
	Force bool
	// Grace is how long the guest may take before the power is cut; 0 means StopGrace.
	Grace time.Duration
}

// StopGrace is how long a guest may take to power off.
const StopGrace = 20 * time.Second
