package client

import (
	"encoding/json"
	"time"
)

// Reasons and steps are codes with arguments, which each front end renders as text. A
// supervisor of a later version may report codes that are not listed here. Earlier
// versions reported English sentences instead of codes; the Text fields contain these,
// to be shown unchanged.

// ExitCode says why a VM exited.
type ExitCode string

// Exit codes; ExitCodes lists all of them.
const (
	ExitStopped         ExitCode = "stopped"              // the guest powered off because it was asked to
	ExitGuestPoweredOff ExitCode = "guest_powered_off"    // the guest powered off by itself
	ExitGuestPanicked   ExitCode = "guest_panicked"       // the guest's kernel panicked
	ExitForced          ExitCode = "forced_off"           // the power was cut on request
	ExitForcedAfter     ExitCode = "forced_after_grace"   // the guest did not power off within Grace
	ExitQEMUTerminated  ExitCode = "qemu_terminated"      // QEMU quit because of a signal
	ExitQEMUQuit        ExitCode = "qemu_quit"            // another program made QEMU quit
	ExitQEMUCrashed     ExitCode = "qemu_crashed"         // QEMU was killed by Signal, or exited with ExitStatus if Signal is ""
	ExitQEMUDisappeared ExitCode = "qemu_disappeared"     // QEMU exited for an unknown reason
	ExitQEMUKilled      ExitCode = "qemu_killed"          // QEMU did not answer and was killed
	ExitUnrecorded      ExitCode = "ended_without_record" // the supervisor was killed, or the power failed
)

// ExitCodes are the exit codes that this version knows.
var ExitCodes = []ExitCode{
	ExitStopped, ExitGuestPoweredOff, ExitGuestPanicked, ExitForced, ExitForcedAfter, ExitQEMUTerminated,
	ExitQEMUQuit, ExitQEMUCrashed, ExitQEMUDisappeared, ExitQEMUKilled, ExitUnrecorded,
}

// ExitReason is the reason why a VM exited. The zero value means that it is unknown.
type ExitReason struct {
	Code ExitCode `json:"code"`
	// Grace is how long the guest had to power off. It is set with ExitForcedAfter.
	Grace time.Duration `json:"grace_ns,omitempty"`
	// Signal, CoreDumped and ExitStatus are QEMU's exit status, and Detail is the last
	// line that it wrote. They are set with ExitQEMUCrashed.
	Signal     string `json:"signal,omitempty"` // "killed"
	CoreDumped bool   `json:"core_dumped,omitempty"`
	ExitStatus int    `json:"exit_status,omitempty"`
	Detail     string `json:"detail,omitempty"`
	// NoSupervisor reports whether the VM was stopped after its supervisor had died.
	NoSupervisor bool `json:"no_supervisor,omitempty"`
	// Text is the sentence that an earlier version wrote instead of Code.
	Text string `json:"-"`
}

// PauseCode says why a VM is paused.
type PauseCode string

// Pause codes; PauseCodes lists all of them.
const (
	PauseDiskFull          PauseCode = "disk_full"          // the host's disk is full
	PauseDiskError         PauseCode = "disk_error"         // the host could not read or write the disk
	PauseAcceleratorFailed PauseCode = "accelerator_failed" // the accelerator failed
	PauseGuestPanicked     PauseCode = "guest_panicked"     // the guest's kernel panicked
	PauseSourceFailed      PauseCode = "source_failed"      // the source of a lazy disk cannot be read; see State.Fill
)

// PauseCodes are the pause codes that this version knows.
var PauseCodes = []PauseCode{PauseDiskFull, PauseDiskError, PauseAcceleratorFailed, PauseGuestPanicked, PauseSourceFailed}

// PauseReason is the reason why a VM is paused. The zero value means that the pause was
// requested.
type PauseReason struct {
	Code PauseCode `json:"code"`
	// Text is the sentence that a supervisor of an earlier version reports instead of
	// Code.
	Text string `json:"-"`
}

// FillCode says why a lazy disk cannot be filled in at the moment.
type FillCode string

// Fill codes; FillCodes lists all of them.
const (
	FillNoSpace FillCode = "no_space"       // the host's disk is full
	FillDamaged FillCode = "source_damaged" // the source is damaged, with Detail
	FillFailed  FillCode = "failed"         // an error, with Detail
)

// FillCodes are the fill codes that this version knows.
var FillCodes = []FillCode{FillNoSpace, FillDamaged, FillFailed}

// FillProblem is why a lazy disk cannot be filled in. The zero value means that there is no
// problem.
type FillProblem struct {
	Code   FillCode `json:"code"`
	Detail string   `json:"detail,omitempty"` // error text
}

// FillState is the state of a lazy disk: how much of it has been filled in, in bytes.
type FillState struct {
	Source  string      `json:"source"` // name of the snapshot or image
	Done    int64       `json:"done"`
	Total   int64       `json:"total"`
	Problem FillProblem `json:"problem,omitzero"`
}

// ReplacedDiskCode says what happened to the disk of a running VM after disk.raw was
// replaced by another file.
type ReplacedDiskCode string

// Codes of a replaced disk; ReplacedDiskCodes lists all of them.
const (
	ReplacedDiskRenamed ReplacedDiskCode = "renamed"     // the disk still exists under the name Path
	ReplacedDiskSaved   ReplacedDiskCode = "saved"       // the disk had been deleted and was saved as Path
	ReplacedDiskLost    ReplacedDiskCode = "save_failed" // saving the deleted disk failed with Detail
)

// ReplacedDiskCodes are the codes that this version knows.
var ReplacedDiskCodes = []ReplacedDiskCode{ReplacedDiskRenamed, ReplacedDiskSaved, ReplacedDiskLost}

// ReplacedDisk describes what happened to the guest's disk if disk.raw was replaced by
// another file while the VM ran. The zero value means that it was not replaced.
type ReplacedDisk struct {
	Code   ReplacedDiskCode `json:"code"`
	Path   string           `json:"path,omitempty"`
	Detail string           `json:"detail,omitempty"` // error text
}

// StopCode is a step of stopping a VM.
type StopCode string

// Steps that a supervisor reports; StopCodes lists all of them.
const (
	StopAskingGuest  StopCode = "asking_guest"  // the guest has Grace to power off
	StopGuestTimeout StopCode = "guest_timeout" // the guest did not power off within Grace
	StopCuttingPower StopCode = "cutting_power" // QEMU is asked to quit
	StopKillingQEMU  StopCode = "killing_qemu"  // QEMU did not quit and is killed
	StopSavingDisk   StopCode = "saving_disk"   // the guest's deleted disk is saved as Path; see ReplacedDisk
)

// StopCodes are the stop codes that this version knows.
var StopCodes = []StopCode{StopAskingGuest, StopGuestTimeout, StopCuttingPower, StopKillingQEMU, StopSavingDisk}

// StopStep is a step of stopping a VM. It is reported when the step begins.
type StopStep struct {
	Code  StopCode      `json:"code"`
	Grace time.Duration `json:"grace_ns,omitempty"`
	Path  string        `json:"path,omitempty"`
	// Text is the line that a supervisor of an earlier version reports instead of Code.
	Text string `json:"-"`
}

// ShareCode says why a guest could not mount a shared folder.
type ShareCode string

// Share codes; ShareCodes lists all of them.
const (
	ShareAgentTooOld ShareCode = "agent_too_old" // the guest's agent cannot mount shares
	ShareMountFailed ShareCode = "mount_failed"  // mounting failed, with Detail
)

// ShareCodes are the share codes that this version knows.
var ShareCodes = []ShareCode{ShareAgentTooOld, ShareMountFailed}

// ShareProblem is the reason why a guest could not mount a shared folder. The zero
// value means that it is mounted. Supervisors of earlier versions report only Detail.
type ShareProblem struct {
	Code   ShareCode `json:"code,omitempty"`
	Detail string    `json:"problem,omitempty"` // an error text, possibly from the guest
}

// UnmarshalJSON also reads a record from an earlier version, which has sentences instead
// of codes.
func (l *Last) UnmarshalJSON(data []byte) error {
	type record Last
	read := struct {
		*record
		How  string `json:"how"`
		Disk string `json:"disk"`
	}{record: (*record)(l)}
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	if l.ExitReason.Code == "" {
		l.ExitReason.Text = read.How
		if read.Disk != "" {
			l.ExitReason.Text += "; " + read.Disk
		}
	}
	return nil
}

// UnmarshalJSON also reads the state from a supervisor of an earlier version, which
// has a sentence instead of codes.
func (s *State) UnmarshalJSON(data []byte) error {
	type state State
	read := struct {
		*state
		Reason string `json:"reason"`
	}{state: (*state)(s)}
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	if s.State == Paused && s.PauseReason.Code == "" {
		s.PauseReason.Text = read.Reason
	}
	return nil
}
