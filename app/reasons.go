package app

import (
	"errors"
	"slices"

	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// The types below are codes with arguments, which each front end puts into words. A VM's
// supervisor or files may contain codes of later versions. Text is a sentence from an earlier
// version, to be displayed unchanged.
type (
	// ExitReason says why a VM exited; see [client.ExitReason].
	ExitReason = client.ExitReason
	// ExitCode is the code of an ExitReason.
	ExitCode = client.ExitCode
	// PauseReason says why a VM is paused; see [client.PauseReason].
	PauseReason = client.PauseReason
	// PauseCode is the code of a PauseReason.
	PauseCode = client.PauseCode
	// ReplacedDisk says what happened to a disk file that was replaced; see
	// [client.ReplacedDisk].
	ReplacedDisk = client.ReplacedDisk
	// ReplacedDiskCode is the code of a ReplacedDisk.
	ReplacedDiskCode = client.ReplacedDiskCode
	// ShareProblem says why a guest lacks a shared folder; see [client.ShareProblem].
	ShareProblem = client.ShareProblem
	// ShareCode is the code of a ShareProblem.
	ShareCode = client.ShareCode
	// StopStep is a step of stopping a VM; see [client.StopStep].
	StopStep = client.StopStep
	// FillProblem says why a lazy disk is not being filled in for now; see
	// [client.FillProblem].
	FillProblem = client.FillProblem
	// FillCode is the code of a FillProblem.
	FillCode = client.FillCode
	// StopCode is the code of a StopStep.
	StopCode = client.StopCode
	// AcceleratorCode is the code of an AcceleratorReason; see [qemu.Reason].
	AcceleratorCode = qemu.Reason
)

// AcceleratorReason says why a running VM uses its accelerator.
type AcceleratorReason struct {
	Code AcceleratorCode
	Text string
}

// The codes of an ExitReason; see vm/supervisor.
const (
	ExitStopped         = client.ExitStopped
	ExitGuestPoweredOff = client.ExitGuestPoweredOff
	ExitGuestPanicked   = client.ExitGuestPanicked
	ExitForced          = client.ExitForced
	ExitForcedAfter     = client.ExitForcedAfter
	ExitQEMUTerminated  = client.ExitQEMUTerminated
	ExitQEMUQuit        = client.ExitQEMUQuit
	ExitQEMUCrashed     = client.ExitQEMUCrashed
	ExitQEMUDisappeared = client.ExitQEMUDisappeared
	ExitQEMUKilled      = client.ExitQEMUKilled
	ExitUnrecorded      = client.ExitUnrecorded
)

// The codes of a PauseReason; see vm/supervisor.
const (
	PauseDiskFull          = client.PauseDiskFull
	PauseDiskError         = client.PauseDiskError
	PauseAcceleratorFailed = client.PauseAcceleratorFailed
	PauseGuestPanicked     = client.PauseGuestPanicked
	PauseSourceFailed      = client.PauseSourceFailed
)

// The codes of a FillProblem; see vm/supervisor.
const (
	FillNoSpace = client.FillNoSpace
	FillDamaged = client.FillDamaged
	FillFailed  = client.FillFailed
)

// The codes of a ReplacedDisk; see vm/supervisor.
const (
	ReplacedDiskRenamed = client.ReplacedDiskRenamed
	ReplacedDiskSaved   = client.ReplacedDiskSaved
	ReplacedDiskLost    = client.ReplacedDiskLost
)

// The codes of a ShareProblem; see vm/supervisor.
const (
	ShareAgentTooOld = client.ShareAgentTooOld
	ShareMountFailed = client.ShareMountFailed
)

// The codes of a StopStep. The first five are documented in vm/supervisor.
const (
	StopAskingGuest  = client.StopAskingGuest
	StopGuestTimeout = client.StopGuestTimeout
	StopCuttingPower = client.StopCuttingPower
	StopKillingQEMU  = client.StopKillingQEMU
	StopSavingDisk   = client.StopSavingDisk

	StopAlreadyStopped StopCode = "already_stopped"     // there is nothing to do
	StopAskingQEMU     StopCode = "asking_qemu"         // the supervisor does not answer; QEMU is asked directly
	StopNewSupervisor  StopCode = "supervisor_replaced" // the supervisor died; another one continues
)

// The values of AcceleratorCode that are not in [doctor.AccelCodes]; see vm/qemu.
const (
	AcceleratorRequested = qemu.ReasonRequested
	AcceleratorWorks     = qemu.ReasonWorks
	AcceleratorFailed    = qemu.ReasonFailed
)

// UnreachableCode says why a running VM cannot be controlled.
type UnreachableCode string

// The values of UnreachableCode.
const (
	UnreachableOtherUser    UnreachableCode = "other_user"    // it runs as another user
	UnreachableNoSupervisor UnreachableCode = "no_supervisor" // its supervisor died; QEMU still runs
	UnreachableSilent       UnreachableCode = "not_answering" // its supervisor does not answer
)

func unreachableCode(err error) UnreachableCode {
	switch {
	case errors.Is(err, client.ErrOtherUser):
		return UnreachableOtherUser
	case errors.Is(err, client.ErrSupervisorGone):
		return UnreachableNoSupervisor
	default:
		return UnreachableSilent
	}
}

func acceleratorReason(s client.State) AcceleratorReason {
	return AcceleratorReason{AcceleratorCode(Plain(string(s.AcceleratorReason))), Plain(s.AcceleratorText)}
}

// All codes that this version uses. Each front end has a text for each of them.
var (
	ExitCodes         = client.ExitCodes
	PauseCodes        = client.PauseCodes
	FillCodes         = client.FillCodes
	ReplacedDiskCodes = client.ReplacedDiskCodes
	ShareCodes        = client.ShareCodes
	AcceleratorCodes  = qemu.Reasons
	UnreachableCodes  = []UnreachableCode{UnreachableOtherUser, UnreachableNoSupervisor, UnreachableSilent}
	StopCodes         = slices.Concat(client.StopCodes, []StopCode{StopAlreadyStopped, StopAskingQEMU, StopNewSupervisor})
)

// setLastExit sets the reason and time of the VM's last exit.
func (v *VM) setLastExit(last client.Last) {
	v.ExitedAt = last.ExitedAt
	v.ExitReason = last.ExitReason
	r := &v.ExitReason
	r.Code, r.Signal = ExitCode(Plain(string(r.Code))), Plain(r.Signal)
	r.Detail, r.Text = Plain(r.Detail), Plain(r.Text)
	v.ReplacedDisk = last.ReplacedDisk
	d := &v.ReplacedDisk
	d.Code, d.Path, d.Detail = ReplacedDiskCode(Plain(string(d.Code))), Plain(d.Path), Plain(d.Detail)
}

func plainPause(r PauseReason) PauseReason {
	return PauseReason{Code: PauseCode(Plain(string(r.Code))), Text: Plain(r.Text)}
}

func plainFillProblem(p FillProblem) FillProblem {
	return FillProblem{Code: FillCode(Plain(string(p.Code))), Detail: Plain(p.Detail)}
}

func plainShare(p ShareProblem) ShareProblem {
	return ShareProblem{Code: ShareCode(Plain(string(p.Code))), Detail: Plain(p.Detail)}
}

func plainStep(s StopStep) StopStep {
	return StopStep{Code: StopCode(Plain(string(s.Code))), Grace: s.Grace, Path: Plain(s.Path), Text: Plain(s.Text)}
}
