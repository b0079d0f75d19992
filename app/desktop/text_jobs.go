//go:build !nogui

package desktop

import (
	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
)

// Jobs, the tray and the menus.

func textJob(j *app.Job) string { return textJobOf(j.Kind, j.VM, j.Subject) }

func textJobOf(kind app.JobKind, vm, subject string) string {
	values := with{"Name": subject, "VM": vm}
	switch kind {
	case app.JobSnapshot:
		return lang.L("Snapshot “{{.Name}}” of {{.VM}}", values)
	case app.JobRestore:
		return lang.L("Restore “{{.Name}}” in {{.VM}}", values)
	case app.JobUndo:
		return lang.L("Undo the restore in {{.VM}}", values)
	case app.JobPull:
		return lang.L("Download {{.Name}}", values)
	case app.JobCopy:
		return lang.L("Copy {{.Name}}, {{.VM}}", values)
	case app.JobVerify:
		return lang.L("Verify “{{.Name}}” of {{.VM}}", values)
	case app.JobExport:
		return lang.L("Export “{{.Name}}” of {{.VM}}", values)
	case app.JobImport:
		return lang.L("Import a snapshot into {{.VM}}", values)
	case app.JobCreate, app.JobClone:
		return lang.L("New VM {{.VM}} from “{{.Name}}”", values)
	default:
		return lang.L("{{.Name}} of {{.VM}}", values)
	}
}

func textCancelling() string       { return lang.L("Cancelling…") }
func textWaiting() string          { return lang.L("Preparing…") }
func textJobCancelled() string     { return lang.L("Cancelled. Nothing is left of it.") }
func textLeftTime(t string) string { return lang.L("{{.Time}} left", with{"Time": t}) }

func textSnapshotDone(s app.Snapshot, took string) string {
	return lang.L("Done: {{.Size}} in {{.Took}}, {{.Taken}}", with{"Size": size(s.FileSize), "Took": took, "Taken": textTaken(s)})
}

func textRestoreDone(r app.Restored, took string) string {
	switch {
	case r.Undo == "":
		return lang.L("Done in {{.Took}}. There was no disk before that could be kept.", with{"Took": took})
	case r.CRCOnly:
		return lang.L("Done in {{.Took}}, checked by CRC only. The disk as it was is kept for Undo.", with{"Took": took})
	}
	return lang.L("Done in {{.Took}}. The disk as it was is kept for Undo.", with{"Took": took})
}

func textUndoDone(took string) string {
	return lang.L("Done in {{.Took}}. The other disk is kept: undoing again swaps the two.", with{"Took": took})
}

func textVerifyDone(v app.Verified, took string) string {
	if v.CRCOnly {
		return lang.L("In order, in {{.Took}}, checked by CRC only: VMTerminal did not write it", with{"Took": took})
	}
	return lang.L("In order, in {{.Took}}: all was unpacked and compared", with{"Took": took})
}

func textCloneDone(vm, took string) string {
	return lang.L("Done in {{.Took}}: {{.VM}} can be started", with{"Took": took, "VM": vm})
}

func textExportDone(size, took string) string {
	return lang.L("Done: {{.Size}} checked and written in {{.Took}}", with{"Size": size, "Took": took})
}

func textImportDone(name, size, took string) string {
	return lang.L("Done: “{{.Name}}”, {{.Size}}, checked whole in {{.Took}}", with{"Name": name, "Size": size, "Took": took})
}

func textJobHistory() string { return lang.L("Job history") }

func textNoJobs() string { return lang.L("No job has ended yet.") }

func textEnded(outcome app.JobOutcome, age, took string) string {
	values := with{"Age": age, "Took": took}
	switch outcome {
	case app.JobDone:
		return lang.L("done {{.Age}}, in {{.Took}}", values)
	case app.JobCancelled:
		return lang.L("cancelled {{.Age}}, after {{.Took}}", values)
	default:
		return lang.L("failed {{.Age}}, after {{.Took}}", values)
	}
}

func textStartVM(vm string) string { return lang.L("Start {{.VM}}", with{"VM": vm}) }

func textStopVM(vm string) string { return lang.L("Stop {{.VM}}", with{"VM": vm}) }

func textOpen() string { return lang.L("Open VMTerminal") }

func textTrayVM(name, state string) string { return name + " — " + state }

func textQuick(vm string) string { return lang.L("Quick snapshot of {{.VM}}", with{"VM": vm}) }

func textQuickRunning(job, done string) string {
	if done == "" {
		return textDots(job)
	}
	return job + ": " + done
}

func textMore(n int) string { return lang.L("{{.N}} more…", with{"N": n}) }

func textMenuFile() string        { return lang.L("File") }
func textMenuEdit() string        { return lang.L("Edit") }
func textMenuVM() string          { return lang.L("VM") }
func textMenuView() string        { return lang.L("View") }
func textMenuHelp() string        { return lang.L("Help") }
func textCopy() string            { return lang.L("Copy") }
func textPaste() string           { return lang.L("Paste") }
func textForceOff() string        { return lang.L("Cut the power…") }
func textUse() string             { return lang.L("Make it the active VM") }
func textHistory() string         { return lang.L("Snapshots pane") }
func textLarger() string          { return lang.L("Larger text") }
func textSmaller() string         { return lang.L("Smaller text") }
func textNormal() string          { return lang.L("Normal text") }
func textGoVMs() string           { return lang.L("Go to the VMs") }
func textGoTerminal() string      { return lang.L("Go to the terminal") }
func textGoSnapshots() string     { return lang.L("Go to the snapshots") }
func textNextVM() string          { return lang.L("Next VM") }
func textPreviousVM() string      { return lang.L("Previous VM") }
func textKeys() string            { return lang.L("Keys") }
func textAbout() string           { return lang.L("About VMTerminal") }
func textVersion(v string) string { return lang.L("Version {{.V}}", with{"V": v}) }

func textSlogan() string { return lang.L("Break anything, and be back in seconds.") }
