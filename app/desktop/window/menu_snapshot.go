package window

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/job"
)

// snapshotActions returns the actions on the snapshot selected in the timeline.
func (tl *timeline) snapshotActions() []action {
	return []action{
		{fixedText(lang.L("Restore") + "…"), key(fyne.KeyR), tl.canRestore, tl.dialogs.askRestore},
		{fixedText(lang.L("Try this snapshot")), nil, tl.hasIntactSnapshot, tl.withSnapshot(tl.trySnapshot)},
		{fixedText(lang.L("New VM from snapshot") + "…"), nil, tl.hasIntactSnapshot, tl.withSnapshot(tl.askNewVM)},
		{},
		{fixedText(lang.L("Rename")), nil, tl.canEditSnapshot, tl.editSnapshotName},
		{fixedText(lang.L("Edit description")), nil, tl.canEditSnapshot, tl.editDescription},
		{tl.pinText, nil, tl.canEditSnapshot, tl.withSnapshot(tl.togglePin)},
		{fixedText(lang.L("Verify")), nil, tl.hasSnapshotFile, tl.withSnapshot(tl.verifySnapshot)},
		{fixedText(lang.L("Export") + "…"), nil, tl.hasIntactSnapshot, tl.withSnapshot(tl.dialogs.askExport)},
		{fixedText(lang.L("Delete snapshot") + "…"), nil, tl.canEditSnapshot, tl.withSnapshot(tl.dialogs.askDeleteSnapshot)},
	}
}

// storeActions returns the actions on all snapshots of the VM.
func (tl *timeline) storeActions() []action {
	return []action{
		{fixedText(lang.L("Take snapshot") + "…"), key(fyne.KeyS), tl.when(tl.jobs.canSnapshot), tl.dialogs.askSnapshot},
		{fixedText(lang.L("Undo restore") + "…"), key(fyne.KeyZ), tl.when(tl.jobs.isIdle), tl.dialogs.askUndo},
		{fixedText(lang.L("Import") + "…"), nil, tl.when(tl.jobs.canChange), tl.withVM(tl.dialogs.askImport)},
		{fixedText(lang.L("Verify all")), nil, func() bool { return len(tl.last.snapshots) > 0 && tl.when(tl.jobs.canChange)() }, tl.withVM(tl.verifyAll)},
	}
}

// withSnapshot returns an action that calls do with the selected VM and snapshot.
func (tl *timeline) withSnapshot(do func(app.VM, app.Snapshot)) func() {
	return func() {
		v, ok := tl.selected()
		if s, selected := tl.selectedSnapshot(); ok && selected {
			do(v, s)
		}
	}
}

func (tl *timeline) canEditSnapshot() bool {
	_, selected := tl.selectedSnapshot()
	return selected && tl.when(tl.jobs.isIdle)()
}

// hasSnapshotFile reports whether the selected snapshot has a file.
func (tl *timeline) hasSnapshotFile() bool {
	s, _ := tl.selectedSnapshot()
	return tl.canEditSnapshot() && s.State != app.SnapshotMissing
}

// hasIntactSnapshot reports whether the selected snapshot has a file that is not known to be
// damaged or too new.
func (tl *timeline) hasIntactSnapshot() bool {
	s, _ := tl.selectedSnapshot()
	return tl.hasSnapshotFile() && s.State != app.SnapshotDamaged && s.State != app.SnapshotNewer
}

// canRestore reports whether there is a snapshot to restore: the selected one, or else
// the newest.
func (tl *timeline) canRestore() bool {
	if _, selected := tl.selectedSnapshot(); selected {
		return tl.hasIntactSnapshot()
	}
	return len(tl.last.snapshots) > 0 && tl.when(tl.jobs.isIdle)()
}

func (tl *timeline) pinText() string {
	if s, _ := tl.selectedSnapshot(); s.Pinned {
		return lang.L("Unpin")
	}
	return lang.L("Pin")
}

func (tl *timeline) togglePin(v app.VM, s app.Snapshot) {
	tl.mutate(func(ctx context.Context) error { return tl.svc.PinSnapshot(ctx, v.Name, s.Name, !s.Pinned) })
}

// trySnapshot starts a snapshot as a temporary VM.
func (tl *timeline) trySnapshot(v app.VM, s app.Snapshot) {
	runJob(tl.jobs, words.TryDone, func(ctx context.Context) (*job.Job[app.VM], error) {
		return tl.svc.BootSnapshot(ctx, v.Name, s.Name, app.BootOptions{})
	})
}

func (tl *timeline) verifySnapshot(v app.VM, s app.Snapshot) {
	runJob(tl.jobs, words.VerifyDone, func(ctx context.Context) (*job.Job[app.Verified], error) {
		return tl.svc.VerifySnapshot(ctx, v.Name, s.Name, false)
	})
}

// editSnapshotName starts editing the selected snapshot's name.
func (tl *timeline) editSnapshotName() {
	tl.setVisible(tl.pane, true)
	tl.details.name.Edit()
}

// editDescription starts editing the selected snapshot's description.
func (tl *timeline) editDescription() {
	tl.setVisible(tl.pane, true)
	tl.details.about.Edit()
}

func (tl *timeline) renameSnapshot(to string) {
	tl.withSnapshot(func(v app.VM, s app.Snapshot) {
		to := typedName(to)
		tl.call(func(ctx context.Context) error { return tl.svc.RenameSnapshot(ctx, v.Name, s.Name, to) }, func(err error) {
			if err == nil {
				tl.selectNext = to
			}
			tl.reader.refresh()
			tl.modal.showError(err)
		})
	})()
}

func (tl *timeline) describeSnapshot(text string) {
	tl.withSnapshot(func(v app.VM, s app.Snapshot) {
		tl.mutate(func(ctx context.Context) error { return tl.svc.DescribeSnapshot(ctx, v.Name, s.Name, text) })
	})()
}
