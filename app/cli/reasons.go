package cli

import (
	"fmt"

	"vmterminal/app"
	"vmterminal/app/doctor"
	"vmterminal/app/units"
)

// unknownCode describes a code from a newer version.
func unknownCode(code string) string { return "unknown reason (" + code + ")" }

// exitText describes why the last run of a VM ended; it returns "" if that is unknown.
func exitText(v app.VM) string {
	text := exitReasonText(v.ExitReason)
	if d := v.ReplacedDisk; d.Code != "" {
		text += "; disk.raw was replaced by another file while the VM ran; what the guest wrote " + replacedDiskText(d)
	}
	return text
}

func exitReasonText(r app.ExitReason) string {
	var text string
	switch r.Code {
	case "":
		return r.Text
	case app.ExitStopped:
		text = "stopped on request"
	case app.ExitGuestPoweredOff:
		text = "powered off by the guest"
	case app.ExitGuestPanicked:
		text = "the guest's kernel panicked"
	case app.ExitForced:
		text = "forced off on request"
	case app.ExitForcedAfter:
		text = fmt.Sprintf("forced off after %s: the guest did not power off", units.Duration(r.Grace))
	case app.ExitQEMUTerminated:
		text = "QEMU was terminated by a signal"
	case app.ExitQEMUQuit:
		text = "QEMU was asked to quit"
	case app.ExitQEMUCrashed:
		text = "QEMU crashed: " + processExitText(r)
	case app.ExitQEMUDisappeared:
		text = "QEMU disappeared"
	case app.ExitQEMUKilled:
		text = "QEMU was killed"
	case app.ExitUnrecorded:
		text = "no record: the supervisor was killed, or the power failed"
	default:
		text = unknownCode(string(r.Code))
	}
	if r.NoSupervisor {
		text += " (its supervisor was gone)"
	}
	return text
}

// processExitText describes how a process exited, in the words of os.ProcessState.
func processExitText(r app.ExitReason) string {
	switch {
	case r.Signal == "":
		return fmt.Sprintf("exit status %d", r.ExitStatus)
	case r.CoreDumped:
		return "signal: " + r.Signal + " (core dumped)"
	default:
		return "signal: " + r.Signal
	}
}

// replacedDiskText returns text that completes the phrase "what the guest wrote".
func replacedDiskText(d app.ReplacedDisk) string {
	switch d.Code {
	case app.ReplacedDiskRenamed:
		return "is in " + d.Path
	case app.ReplacedDiskSaved:
		return "was saved as " + d.Path
	case app.ReplacedDiskLost:
		return "could not be saved: " + d.Detail
	default:
		return "may be lost: " + unknownCode(string(d.Code))
	}
}

// acceleratorText describes why a running VM uses its accelerator; it returns "" for a stopped VM.
func acceleratorText(v app.VM) string {
	r := v.AcceleratorReason
	if why, ok := emulationReasons[doctor.AccelCodes[r.Code]]; ok {
		return why + "; using emulation"
	}
	switch r.Code {
	case "":
		return r.Text
	case app.AcceleratorRequested:
		return "emulation was requested"
	case app.AcceleratorWorks:
		return v.Accelerator + " runs guests"
	case app.AcceleratorFailed:
		return "the hardware accelerator failed when the VM started; using emulation"
	default:
		return unknownCode(string(r.Code))
	}
}

const diskReplacedText = "disk.raw was replaced by another file; the guest still writes to the old one, " +
	"which snapshots read, and which is saved when the VM stops"

// problemText describes a VM's problem; it returns "" if the VM has no problem.
func problemText(v app.VM) string {
	switch {
	case v.DiskReplaced:
		return diskReplacedText
	case v.PauseReason != app.PauseReason{}:
		return pauseText(v.PauseReason)
	default:
		return v.Problem.Cause
	}
}

func pauseText(r app.PauseReason) string {
	switch r.Code {
	case "":
		return r.Text
	case app.PauseDiskFull:
		return "the host's disk is full; free some space, then resume"
	case app.PauseDiskError:
		return "the host could not read or write the disk"
	case app.PauseAcceleratorFailed:
		return "the accelerator failed"
	case app.PauseGuestPanicked:
		return "the guest's kernel panicked"
	case app.PauseSourceFailed:
		return "the guest needs a part of its disk that cannot be read from the file it is filled in from; no data was changed. " +
			"Repair that file, then resume; or undo the restore; or restore another snapshot"
	default:
		return unknownCode(string(r.Code))
	}
}

// fillingText describes the state of a lazy disk; it returns "" for other disks.
func fillingText(v app.VM) string {
	f := v.Filling
	if f == nil {
		return ""
	}
	percent := ""
	if f.Total > 0 {
		percent = fmt.Sprintf("%d %%", 100*f.Done/f.Total)
	}
	switch {
	case !v.State.Alive():
		return "not completely filled in from '" + f.Source + "'; the rest is copied while the VM runs"
	case f.Problem.Code != "" && percent != "":
		return fmt.Sprintf("filling in from '%s' has stopped at %s: %s", f.Source, percent, fillProblemText(f.Problem))
	case f.Problem.Code != "":
		return fmt.Sprintf("filling in from '%s' has stopped: %s", f.Source, fillProblemText(f.Problem))
	case percent != "":
		return fmt.Sprintf("being filled in from '%s': %s", f.Source, percent)
	default:
		return "being filled in from '" + f.Source + "'"
	}
}

func fillProblemText(p app.FillProblem) string {
	switch p.Code {
	case app.FillNoSpace:
		return "the host's disk is full; it continues when there is space"
	case app.FillDamaged:
		return "its file cannot be read: " + p.Detail
	case app.FillFailed:
		return p.Detail + "; it is tried again"
	default:
		return unknownCode(string(p.Code))
	}
}

// shareText describes why a shared folder is unavailable; it returns "" if it is available.
func shareText(p app.ShareProblem) string {
	switch p.Code {
	case "", app.ShareMountFailed:
		return p.Detail
	case app.ShareAgentTooOld:
		return "the guest's agent is too old to mount it"
	default:
		return unknownCode(string(p.Code))
	}
}

// stopText describes a step of stopping a VM.
func stopText(name string, s app.StopStep) string {
	switch s.Code {
	case "":
		return s.Text
	case app.StopAskingGuest:
		return fmt.Sprintf("asking the guest to power off (at most %s)", units.Duration(s.Grace))
	case app.StopGuestTimeout:
		return fmt.Sprintf("the guest did not power off within %s", units.Duration(s.Grace))
	case app.StopCuttingPower:
		return "cutting the power"
	case app.StopKillingQEMU:
		return "QEMU does not exit; killing it"
	case app.StopSavingDisk:
		return "disk.raw was replaced by another file; saving the guest's disk as " + s.Path
	case app.StopAlreadyStopped:
		return "'" + name + "' is already stopped."
	case app.StopAskingQEMU:
		return "The supervisor of '" + name + "' does not answer; asking QEMU directly."
	case app.StopNewSupervisor:
		return "The supervisor of '" + name + "' exited; a new one takes over."
	default:
		return "stopping (" + string(s.Code) + ")"
	}
}

// stopReporter returns a function that prints the steps of stopping a VM.
func stopReporter(p *printer, name string) func(app.StopStep) {
	return func(s app.StopStep) { p.infof("%s", stopText(name, s)) }
}

type exitReasonView struct {
	Code         string  `json:"code"`
	GraceSeconds float64 `json:"grace_s,omitempty"`
	Signal       string  `json:"signal,omitempty"`
	CoreDumped   bool    `json:"core_dumped,omitempty"`
	ExitStatus   int     `json:"exit_status,omitempty"`
	Detail       string  `json:"detail,omitempty"`
	NoSupervisor bool    `json:"no_supervisor,omitempty"`
}

// exitReasonJSON returns the JSON form of r, or nil if r has no code.
func exitReasonJSON(r app.ExitReason) *exitReasonView {
	if r.Code == "" {
		return nil
	}
	return &exitReasonView{
		string(r.Code), r.Grace.Seconds(), r.Signal, r.CoreDumped, r.ExitStatus, r.Detail, r.NoSupervisor,
	}
}
