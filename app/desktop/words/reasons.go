package words

import (
	"strconv"
	"time"

	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
)

// unknownCode describes a code that only a later version knows.
func unknownCode(code string) string {
	return lang.L("unknown reason ({{.Code}})", Values{"Code": code})
}

// LastExit returns why and when a VM last exited, or "" if unknown. Here and in the functions
// below, reasons that earlier versions stored as text are shown verbatim.
func LastExit(v app.VM, now time.Time) string {
	how := ExitReason(v.ExitReason)
	if v.ReplacedDisk.Code != "" {
		how += ". " + replacedDisk(v.ReplacedDisk)
	}
	switch {
	case how == "":
		return ""
	case v.ExitedAt.IsZero():
		return lang.L("Last exit: {{.How}}", Values{"How": how})
	default:
		return lang.L("Exited {{.Age}}: {{.How}}", Values{"How": how, "Age": Age(v.ExitedAt, now)})
	}
}

// ExitReason returns why a VM exited.
func ExitReason(r app.ExitReason) string {
	if r.NoSupervisor {
		r.NoSupervisor = false
		return lang.L("{{.How}} (its supervisor had died)", Values{"How": ExitReason(r)})
	}
	switch r.Code {
	case "":
		return r.Text
	case app.ExitStopped:
		return lang.L("stopped on request")
	case app.ExitGuestPoweredOff:
		return lang.L("powered off by the guest")
	case app.ExitGuestPanicked:
		return lang.L("the guest's kernel panicked")
	case app.ExitForced:
		return lang.L("forced off on request")
	case app.ExitForcedAfter:
		return lang.L("forced off, as the guest did not power off within {{.Time}}", Values{"Time": strconv.FormatFloat(r.Grace.Seconds(), 'f', -1, 64) + " s"})
	case app.ExitQEMUTerminated:
		return lang.L("QEMU was terminated by a signal")
	case app.ExitQEMUQuit:
		return lang.L("another program made QEMU quit")
	case app.ExitQEMUCrashed:
		return crashReason(r)
	case app.ExitQEMUDisappeared:
		return lang.L("QEMU exited unexpectedly")
	case app.ExitQEMUKilled:
		return lang.L("QEMU did not respond and was killed")
	case app.ExitUnrecorded:
		return lang.L("exit reason unknown: the supervisor was killed, or the power failed")
	default:
		return unknownCode(string(r.Code))
	}
}

func crashReason(r app.ExitReason) string {
	if r.Signal == "" {
		return lang.L("QEMU crashed (exit status {{.Status}})", Values{"Status": r.ExitStatus})
	}
	return lang.L("QEMU crashed (signal: {{.Signal}})", Values{"Signal": r.Signal})
}

func replacedDisk(d app.ReplacedDisk) string {
	switch d.Code {
	case app.ReplacedDiskRenamed:
		return lang.L("disk.raw was replaced by another file; the guest's disk is {{.Path}}", Values{"Path": d.Path})
	case app.ReplacedDiskSaved:
		return lang.L("disk.raw was replaced by another file; the guest's disk was saved as {{.Path}}", Values{"Path": d.Path})
	case app.ReplacedDiskLost:
		return lang.L("disk.raw was replaced by another file; the guest's disk could not be saved: {{.Error}}", Values{"Error": d.Detail})
	default:
		return lang.L("disk.raw was replaced by another file; the guest's disk may be lost: {{.Why}}", Values{"Why": unknownCode(string(d.Code))})
	}
}

// Trouble returns what is wrong with a VM, or "" if nothing is.
func Trouble(v app.VM) string {
	switch {
	case v.DiskReplaced:
		return lang.L("disk.raw was replaced by another file; the guest still writes to the old one, which is saved when the VM stops")
	case v.PauseReason != app.PauseReason{}:
		return pauseReason(v.PauseReason)
	case v.Unreachable != "":
		return unreachableReason(v)
	default:
		return Cause(v.Problem)
	}
}

func unreachableReason(v app.VM) string {
	switch v.Unreachable {
	case app.UnreachableOtherUser:
		return lang.L("it runs as another user")
	case app.UnreachableNoSupervisor:
		return lang.L("its supervisor died, but QEMU is still running")
	case app.UnreachableSilent:
		return lang.L("its supervisor is not responding")
	default:
		return Cause(v.Problem)
	}
}

func pauseReason(r app.PauseReason) string {
	switch r.Code {
	case "":
		return r.Text
	case app.PauseDiskFull:
		return lang.L("the host's disk is full; free some space, then resume")
	case app.PauseDiskError:
		return lang.L("the host could not read or write the disk")
	case app.PauseAcceleratorFailed:
		return lang.L("the accelerator failed")
	case app.PauseGuestPanicked:
		return lang.L("the guest's kernel panicked")
	case app.PauseSourceFailed:
		return lang.L("a part of its disk that is not filled in yet cannot be read; no data was changed")
	default:
		return unknownCode(string(r.Code))
	}
}

// FillProblem returns why a disk is not being filled in for now.
func FillProblem(p app.FillProblem) string {
	switch p.Code {
	case app.FillNoSpace:
		return lang.L("The host's disk is full. Filling in the disk continues when there is space.")
	case app.FillDamaged:
		return lang.L("The file that the disk is filled in from cannot be read: {{.Error}}", Values{"Error": p.Detail})
	case app.FillFailed:
		return lang.L("{{.Error}}. Filling in the disk is tried again.", Values{"Error": p.Detail})
	default:
		return lang.L("The disk is not being filled in: {{.Why}}", Values{"Why": unknownCode(string(p.Code))})
	}
}

// ShareProblem returns why a shared folder is missing in the guest, or "" if it is mounted.
func ShareProblem(p app.ShareProblem) string {
	switch p.Code {
	case "":
		return p.Detail
	case app.ShareAgentTooOld:
		return lang.L("the guest's agent is too old to mount it")
	case app.ShareMountFailed:
		return lang.L("the guest cannot mount it: {{.Error}}", Values{"Error": p.Detail})
	default:
		return unknownCode(string(p.Code))
	}
}

// StopStep describes a step of stopping a VM.
func StopStep(s app.StopStep) string {
	switch s.Code {
	case "":
		return s.Text
	case app.StopAskingGuest:
		return lang.L("Asking the guest to power off (at most {{.Time}})…", Values{"Time": strconv.FormatFloat(s.Grace.Seconds(), 'f', -1, 64) + " s"})
	case app.StopGuestTimeout:
		return lang.L("The guest did not power off within {{.Time}}", Values{"Time": strconv.FormatFloat(s.Grace.Seconds(), 'f', -1, 64) + " s"})
	case app.StopCuttingPower:
		return lang.L("Forcing the VM off…")
	case app.StopKillingQEMU:
		return lang.L("QEMU does not exit; killing it…")
	case app.StopSavingDisk:
		return lang.L("disk.raw was replaced by another file; saving the guest's disk as {{.Path}}…", Values{"Path": s.Path})
	case app.StopAlreadyStopped:
		return lang.L("Already stopped")
	case app.StopAskingQEMU:
		return lang.L("The supervisor does not respond; asking QEMU directly…")
	case app.StopNewSupervisor:
		return lang.L("The supervisor died; another one continues…")
	default:
		return lang.L("Stopping…")
	}
}
