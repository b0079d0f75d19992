package window

import (
	"context"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/job"
	"vmterminal/app/units"
	"vmterminal/widgets"
)

// askRestore asks before the selected VM is restored to the selected snapshot, or to the
// newest if none is selected.
func (sd *snapshotDialogs) askRestore() {
	v, ok := sd.selected()
	if _, _, runs := sd.jobs.runningJob(v.Name); !ok || runs || sd.busy[v.Name] != "" || len(sd.last.snapshots) == 0 {
		return
	}
	s, ok := sd.snapshot()
	if !ok {
		s = sd.last.snapshots[0]
		sd.selectSnapshot(s.Name)
	}
	sd.programs.askWithPrograms(v, func(busy []busyVM) { sd.openRestore(v, s, busy) })
}

// openRestore asks before a VM is restored. A running VM is stopped first and started
// afterwards; this ends the programs in busy.
func (sd *snapshotDialogs) openRestore(v app.VM, s app.Snapshot, busy []busyVM) {
	opt := app.RestoreOptions{Stop: v.State.Alive(), Start: v.State.Alive()}
	body := container.NewVBox(
		paragraph(lang.L("The disk of {{.VM}} returns to its state of {{.When}}. All changes since then ({{.Span}}) are undone.",
			words.Values{"VM": v.Name, "When": words.Date(s.Created), "Span": words.Span(sd.now().Sub(s.Created))})))
	if now, then := v.DiskSize, s.DiskSize; now > 0 && then > 0 && now != then {
		body.Add(paragraph(lang.L("The disk size changes from {{.Now}} to {{.Then}}.", words.Values{"Now": units.Bytes(now), "Then": units.Bytes(then)})))
	}
	text := lang.L("Restore")
	if !opt.Stop && !s.Foreign {
		body.Add(paragraph(lang.L("“Restore and start” does not wait until the whole disk is restored: the rest is filled in while the VM runs.")))
	}
	if opt.Stop {
		text = lang.L("Stop, restore and start again")
		body.Add(paragraph(lang.L("{{.VM}} is running. VMTerminal will:\n 1.  shut down the guest\n 2.  restore the snapshot\n 3.  start the VM again", words.Values{"VM": v.Name})))
		if !s.Foreign {
			body.Add(paragraph(lang.L("The VM starts at once. Its disk is filled in while it runs.")))
		}
	}
	if len(busy) > 0 {
		body.Add(paragraph(endProgramsText(busy)))
	}
	if v.DiskSize > 0 { // a missing disk cannot be kept
		saved := paragraph(lang.L("The current disk is kept until the next restore, so you can undo this one."))
		if undo := sd.last.undo; undo != nil && undo.Stays {
			saved = paragraph(lang.L("The disk has not changed since the last restore, so the disk from before that restore is kept for undo."))
		}
		body.Add(container.NewBorder(nil, nil, container.NewCenter(widget.NewIcon(theme.InfoIcon())), nil, saved))
	}
	if undo := sd.last.undo; undo != nil && undo.AtRisk {
		name := app.UndoName(sd.now())
		save := widgets.NewKeyCheck(lang.L("Save it as snapshot “{{.Name}}” first", words.Values{"Name": name}), func(on bool) {
			opt.SaveUndo = ""
			if on {
				opt.SaveUndo = name
			}
		})
		save.SetChecked(true)
		body.Add(paragraph(lang.L("The disk from before the last restore ({{.Age}}) is not in any snapshot and will be deleted.", words.Values{"Age": words.Age(undo.Since, sd.last.at)})))
		body.Add(save)
	}

	var d *widgets.Dialog
	restore := func(start bool) func() {
		return func() {
			sd.modal.closeDialog(d)
			opt.Start = start
			sd.restoreSnapshot(v.Name, s.Name, opt)
		}
	}
	buttons := []*widgets.DialogButton{{Text: text, Importance: widget.WarningImportance, OnTapped: restore(opt.Stop)}}
	if !opt.Stop {
		buttons = append(buttons, &widgets.DialogButton{Text: lang.L("Restore and start"), Importance: widget.WarningImportance, OnTapped: restore(true)})
	}
	d = sd.modal.openDialog(lang.L("Restore “{{.Name}}”?", words.Values{"Name": s.Name}), body, lang.L("Cancel"), nil, buttons...)
}

func (sd *snapshotDialogs) restoreSnapshot(vm, name string, opt app.RestoreOptions) {
	if opt.Start {
		sd.focusNext = vm
	}
	runJob(sd.jobs, words.RestoreDone, func(ctx context.Context) (*job.Job[app.Restored], error) {
		return sd.svc.RestoreSnapshot(ctx, vm, name, opt)
	})
}

// askDeleteSnapshot asks before a snapshot is deleted.
func (sd *snapshotDialogs) askDeleteSnapshot(v app.VM, s app.Snapshot) {
	if _, _, runs := sd.jobs.runningJob(v.Name); runs {
		return
	}
	var d *widgets.Dialog
	del := &widgets.DialogButton{Text: lang.L("Delete snapshot"), Importance: widget.DangerImportance, OnTapped: func() {
		sd.modal.closeDialog(d)
		sd.mutate(func(ctx context.Context) error { return sd.svc.DeleteSnapshot(ctx, v.Name, s.Name) })
	}}
	d = sd.modal.openDialog(lang.L("Delete snapshot “{{.Name}}”?", words.Values{"Name": s.Name}),
		paragraph(lang.L("This frees {{.Size}}. The disk of {{.VM}} and its other snapshots are not affected. This cannot be undone.",
			words.Values{"VM": v.Name, "Size": units.Bytes(s.FileSize)})), lang.L("Cancel"), nil, del)
}
