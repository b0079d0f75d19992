//go:build !nogui

package desktop

import (
	"strings"

	"fyne.io/fyne/v2/lang"
)

// Questions and forms.

func textNewVM() string       { return lang.L("New VM") }
func textCreate() string      { return lang.L("Create") }
func textName() string        { return lang.L("Name") }
func textCPUs() string        { return lang.L("CPUs") }
func textMemory() string      { return lang.L("Memory") }
func textDisk() string        { return lang.L("Disk") }
func textOptional() string    { return lang.L("What makes it worth going back to (optional)") }
func textDiskHint() string    { return lang.L("Takes room as it fills") }
func textCopyDetails() string { return lang.L("Copy details") }
func textQuit() string        { return lang.L("Quit") }

// textDescription has a key of its own: "Description" means something to the
// files of translations.
func textDescription() string { return lang.X("field.description", "Description") }

func textNameHint() string { return lang.L("Letters, digits, '.', '_' and '-'") }

func textNameEmpty() string    { return lang.L("A name is needed") }
func textNameTaken() string    { return lang.L("This name is taken") }
func textNameLong() string     { return lang.L("Too long: 100 bytes at most") }
func textNameStart() string    { return lang.L("It must start with a letter or digit") }
func textNameSpelling() string { return lang.L("Only letters, digits, '.', '_' and '-'") }

func textBetween(low, high int) string {
	return lang.L("From {{.Low}} to {{.High}}", with{"Low": low, "High": high})
}

func textSnapshotOf(vm string) string { return lang.L("Snapshot of {{.VM}}", with{"VM": vm}) }

func textTakenRunning() string {
	return lang.L("The VM goes on running: the snapshot is of the moment you press the button.")
}

func textTakenStopped() string { return lang.L("The VM is off: the snapshot is of its disk as it is.") }

func textTakeSnapshot() string { return lang.L("Take snapshot") }

func textRestoreTitle(name string) string {
	return lang.L("Restore “{{.Name}}”?", with{"Name": name})
}

func textRestoreAbout(vm, when, span string) string {
	return lang.L("The disk of {{.VM}} goes back to how it was on {{.When}}. What has changed since then ({{.Span}}) is undone.",
		with{"VM": vm, "When": when, "Span": span})
}

func textRestoreSize(now, then string) string {
	return lang.L("Its size changes: it is {{.Now}} now and will be {{.Then}}.", with{"Now": now, "Then": then})
}

func textRestoreUndo() string {
	return lang.L("The present disk is kept until the next restore, so that this can be undone.")
}

func textRestoreRunning(vm string) string {
	return lang.L("{{.VM}} is running. In one go it will be:\n 1.  stopped, the guest told first\n 2.  restored\n 3.  started again", with{"VM": vm})
}

func textRestoreStopStart() string { return lang.L("Stop, restore and start again") }

func textUndo() string { return lang.L("Undo the restore") }

func textUndoTitle(vm string) string {
	return lang.L("Undo the last restore of {{.VM}}?", with{"VM": vm})
}

func textUndoAbout(vm string) string {
	return lang.L("{{.VM}} gets the disk back that the last restore replaced. The present disk is kept: undoing again swaps the two.", with{"VM": vm})
}

func textUndoRunning(vm string) string {
	return lang.L("{{.VM}} is running. It will be stopped first, and started again after.", with{"VM": vm})
}

func textUndoNothing() string {
	return lang.L("No disk is kept: nothing was restored yet, or what was kept is discarded.")
}

func textDeleteSnapshotTitle(name string) string {
	return lang.L("Delete snapshot “{{.Name}}”?", with{"Name": name})
}

func textDeleteSnapshotAbout(vm, size string) string {
	return lang.L("It frees {{.Size}}. The disk of {{.VM}} and its other snapshots stay as they are. This cannot be undone.",
		with{"VM": vm, "Size": size})
}

func textDeleteSnapshot() string { return lang.L("Delete snapshot") }

func textDeleteVMTitle(name string) string {
	return lang.L("Delete VM “{{.Name}}”?", with{"Name": name})
}

func textDeleteVMAbout() string {
	return lang.L("It is taken off the list. Unless you also delete its data, its folder stays, and a new VM of this name can take it over.")
}

func textDeleteData(snapshots int, size string) string {
	if snapshots == 0 {
		return lang.L("Also delete its disk ({{.Size}}), for good", with{"Size": size})
	}
	return lang.L("Also delete its disk ({{.Size}}) and its snapshots ({{.N}}), for good", with{"Size": size, "N": snapshots})
}

func textTypeName(name string) string {
	return lang.L("It has snapshots. Type “{{.Name}}” to confirm", with{"Name": name})
}

func textDeleteVM() string { return lang.L("Delete VM") }

func textStopFirstTitle(vm string) string { return lang.L("{{.VM}} is running", with{"VM": vm}) }

func textStopFirst() string { return lang.L("Stop it before you delete it.") }

func textForceTitle(vm string) string { return lang.L("Cut the power of {{.VM}}?", with{"VM": vm}) }

func textForceAbout() string {
	return lang.L("The guest is not told. What it has not yet written to its disk is lost.")
}

func textForce() string { return lang.L("Cut the power") }

func textJobsRunTitle() string { return lang.L("A job is still running") }

func textJobsRunAbout() string {
	return lang.L("If you quit now it is cancelled, and nothing is left of it. VMs go on running.")
}

func textCancelAndQuit() string { return lang.L("Cancel it and quit") }

func textQuitVMsTitle() string { return lang.L("VMs are running") }

func textQuitVMsAbout(names []string) string {
	return lang.L("{{.Names}}: they can go on running without the window, and it finds them again. Your answer is kept for the next time.",
		with{"Names": strings.Join(names, ", ")})
}

func textAskAgain() string     { return lang.L("Ask me each time") }
func textLeaveRunning() string { return lang.L("Leave them running") }
func textStopThem() string     { return lang.L("Stop them and quit") }

func textKeepRunning() string { return lang.L("Keep it running") }
