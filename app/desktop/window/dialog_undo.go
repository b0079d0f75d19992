package window

import (
	"context"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/job"
	"vmterminal/widgets"
)

// askUndo asks before the last restore of the selected VM is undone.
func (sd *snapshotDialogs) askUndo() {
	v, ok := sd.selected()
	if !ok || !sd.jobs.isIdle(v) {
		return
	}
	if v.UndoUsed == 0 {
		sd.modal.openDialog(lang.L("Undo the last restore of {{.VM}}?", words.Values{"VM": v.Name}), paragraph(lang.L("There is no undo disk: nothing was restored yet, or the undo disk was discarded.")), lang.L("Close"), nil)
		return
	}
	sd.programs.askWithPrograms(v, func(busy []busyVM) { sd.openUndo(v, busy) })
}

// canUndo reports whether the last restore of a VM can be undone now.
func (sd *snapshotDialogs) canUndo(v app.VM) bool { return sd.jobs.isIdle(v) && v.UndoUsed > 0 }

// openUndo asks before the last restore of a VM is undone. A running VM is stopped first
// and started afterwards; this ends the programs in busy.
func (sd *snapshotDialogs) openUndo(v app.VM, busy []busyVM) {
	opt := app.RestoreOptions{Stop: v.State.Alive(), Start: v.State.Alive()}
	body := container.NewVBox(paragraph(lang.L("{{.VM}} returns to the disk from before the last restore. The current disk is kept; undo again to switch back.", words.Values{"VM": v.Name})))
	if opt.Stop {
		body.Add(paragraph(lang.L("{{.VM}} is running. It will be stopped for this and started again afterward.", words.Values{"VM": v.Name})))
	}
	if len(busy) > 0 {
		body.Add(paragraph(endProgramsText(busy)))
	}
	var d *widgets.Dialog
	undo := &widgets.DialogButton{Text: lang.L("Undo restore"), Importance: widget.WarningImportance, OnTapped: func() {
		sd.modal.closeDialog(d)
		if opt.Start {
			sd.focusNext = v.Name
		}
		runJob(sd.jobs, words.UndoDone, func(ctx context.Context) (*job.Job[app.Undone], error) { return sd.svc.UndoRestore(ctx, v.Name, opt) })
	}}
	d = sd.modal.openDialog(lang.L("Undo the last restore of {{.VM}}?", words.Values{"VM": v.Name}), body, lang.L("Cancel"), nil, undo)
}
