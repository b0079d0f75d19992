package words

import (
	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
	"vmterminal/app/job"
	"vmterminal/app/units"
)

// Job returns the title of a job on vm; subject is what it works on, such as a snapshot.
func Job(kind job.Kind, vm, subject string) string {
	values := Values{"Name": subject, "VM": vm}
	switch kind {
	case job.Snapshot:
		return lang.L("Snapshot “{{.Name}}” of {{.VM}}", values)
	case job.Restore:
		return lang.L("Restore “{{.Name}}” in {{.VM}}", values)
	case job.Undo:
		return lang.L("Undo restore of {{.VM}}", values)
	case job.Pull:
		return lang.L("Download {{.Name}}", values)
	case job.Copy:
		return lang.L("Copy {{.Name}}, {{.VM}}", values)
	case job.Verify:
		return lang.L("Verify “{{.Name}}” of {{.VM}}", values)
	case job.Export:
		return lang.L("Export “{{.Name}}” of {{.VM}}", values)
	case job.Import:
		return lang.L("Import a snapshot into {{.VM}}", values)
	case job.Create, job.Clone:
		return lang.L("New VM {{.VM}} from “{{.Name}}”", values)
	default:
		return lang.L("{{.Name}} of {{.VM}}", values)
	}
}

// Done describes a completed job whose result is unknown. took is its duration.
func Done(took string) string { return lang.L("Done in {{.Took}}", Values{"Took": took}) }

// SnapshotDone describes the result of taking a snapshot.
func SnapshotDone(s app.Snapshot, took string) string {
	if s.NotFrozen != "" {
		return lang.L("Done: {{.Size}} in {{.Took}}, only {{.Taken}}: {{.Why}}", Values{
			"Size": units.Bytes(s.FileSize), "Took": took, "Taken": Taken(s), "Why": notFrozenReason(s.NotFrozen),
		})
	}
	return lang.L("Done: {{.Size}} in {{.Took}}, {{.Taken}}", Values{"Size": units.Bytes(s.FileSize), "Took": took, "Taken": Taken(s)})
}

// notFrozenReason returns why a copy is only crash-consistent.
func notFrozenReason(why app.NotFrozen) string {
	switch why {
	case app.NotFrozenPaused:
		return lang.L("the VM is paused")
	case app.NotFrozenRefused:
		return lang.L("the guest could not freeze its file systems")
	case app.NotFrozenEarly:
		return lang.L("the guest thawed its file systems too early")
	case app.NotFrozenNoThaw:
		return lang.L("the guest did not confirm that it thawed its file systems")
	default:
		return lang.L("the guest's agent is not responding")
	}
}

// RestoreDone describes the result of a restore.
func RestoreDone(r app.Restored, took string) string {
	switch {
	case r.Undo == "":
		return lang.L("Done in {{.Took}}. There was no previous disk to keep for undo.", Values{"Took": took})
	case r.Damage != "":
		return lang.L("Done in {{.Took}}. The disk is correct, but a part of the snapshot file that was not needed is damaged. Take a new snapshot.", Values{"Took": took})
	case r.KeptBefore:
		return lang.L("Done in {{.Took}}. The disk from before the last restore is still kept for undo.", Values{"Took": took})
	case r.Lazy:
		return lang.L("Done in {{.Took}}. The disk is filled in while the VM runs. The previous disk is kept for undo.", Values{"Took": took})
	case r.CRCOnly:
		return lang.L("Done in {{.Took}}, checked by CRC only. The previous disk is kept for undo.", Values{"Took": took})
	}
	return lang.L("Done in {{.Took}}. The previous disk is kept for undo.", Values{"Took": took})
}

// UndoDone describes the result of undoing a restore.
func UndoDone(_ app.Undone, took string) string {
	return lang.L("Done in {{.Took}}. The other disk is kept; undo again to switch back.", Values{"Took": took})
}

// VerifyDone describes the result of verifying a snapshot.
func VerifyDone(v app.Verified, took string) string {
	if v.CRCOnly {
		return lang.L("Verified in {{.Took}}, by CRC only: the file was not written by VMTerminal", Values{"Took": took})
	}
	return lang.L("Verified in {{.Took}}: all data decompressed and checked", Values{"Took": took})
}

// TryDone describes the result of starting a snapshot as a temporary VM.
func TryDone(v app.VM, took string) string {
	return lang.L("Done in {{.Took}}: {{.VM}} is running, and is deleted when it stops", Values{"Took": took, "VM": v.Name})
}

// CloneDone describes the result of creating a VM in a job.
func CloneDone(v app.VM, took string) string {
	if v.NotFrozen != "" {
		return lang.L("Done in {{.Took}}: {{.VM}} is ready to start. Its disk is only crash-consistent: {{.Why}}", Values{
			"Took": took, "VM": v.Name, "Why": notFrozenReason(v.NotFrozen),
		})
	}
	if v.State.Alive() {
		return lang.L("Done in {{.Took}}: {{.VM}} is running", Values{"Took": took, "VM": v.Name})
	}
	return lang.L("Done in {{.Took}}: {{.VM}} is ready to start", Values{"Took": took, "VM": v.Name})
}

// ExportDone describes the result of exporting a snapshot.
func ExportDone(s app.Snapshot, took string) string {
	return lang.L("Done: {{.Size}} verified and written in {{.Took}}", Values{"Size": units.Bytes(s.FileSize), "Took": took})
}

// ImportDone describes the result of importing a snapshot.
func ImportDone(s app.Snapshot, took string) string {
	return lang.L("Done: “{{.Name}}”, {{.Size}}, verified in {{.Took}}", Values{"Name": s.Name, "Size": units.Bytes(s.FileSize), "Took": took})
}

// JobOutcome describes when a job finished, how, and how long it took.
func JobOutcome(outcome job.Outcome, age, took string) string {
	values := Values{"Age": age, "Took": took}
	switch outcome {
	case job.Done:
		return lang.L("done {{.Age}}, in {{.Took}}", values)
	case job.Canceled:
		return lang.L("canceled {{.Age}}, after {{.Took}}", values)
	default:
		return lang.L("failed {{.Age}}, after {{.Took}}", values)
	}
}
