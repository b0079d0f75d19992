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
		{fixedText(lang.L("Restore") + "…"), key(fyne.KeyR), tl.canRestore, tl.w.snapshotDialogs.askRestore},
		{fixedText(lang.L("New VM from snapshot") + "…"), nil, tl.hasIntactSnapshot, tl.withSnapshot(tl.w.vmDialogs.askFromSnapshot)},
		{},
		{fixedText(lang.L("Rename")), nil, tl.canEditSnapshot, tl.editSnapshotName},
		{fixedText(lang.L("Edit description")), nil, tl.canEditSnapshot, tl.editDescription},
		{tl.pinText, nil, tl.canEditSnapshot, tl.withSnapshot(tl.togglePin)},
		{fixedText(lang.L("Verify")), nil, tl.hasSnapshotFile, tl.withSnapshot(tl.verifySnapshot)},
		{fixedText(lang.L("Export") + "…"), nil, tl.hasIntactSnapshot, tl.withSnapshot(tl.w.snapshotDialogs.askExport)},
		{fixedText(lang.L("Delete snapshot") + "…"), nil, tl.canEditSnapshot, tl.withSnapshot(tl.w.snapshotDialogs.askDeleteSnapshot)},
	}
}

// storeActions returns the actions on all snapshots of the VM.
func (tl *timeline) storeActions() []action {
	return []action{
		{fixedText(lang.L("Take snapshot") + "…"), key(fyne.KeyS), tl.w.when(tl.canSnapshot), tl.w.snapshotDialogs.askSnapshot},
		{fixedText(lang.L("Undo restore") + "…"), key(fyne.KeyZ), tl.w.when(tl.w.idle), tl.w.snapshotDialogs.askUndo},
		{fixedText(lang.L("Import") + "…"), nil, tl.w.when(tl.w.canChange), tl.w.withVM(tl.w.snapshotDialogs.askImport)},
		{fixedText(lang.L("Verify all")), nil, func() bool { return len(tl.w.last.snapshots) > 0 && tl.w.when(tl.w.canChange)() }, tl.w.withVM(tl.verifyAll)},
	}
}

// withSnapshot returns an action that calls do with the selected VM and snapshot.
func (tl *timeline) withSnapshot(do func(app.VM, app.Snapshot)) func() {
	return func() {
		v, ok := tl.w.selected()
		if s, selected := tl.selectedSnapshot(); ok && selected {
			do(v, s)
		}
	}
}

func (tl *timeline) canSnapshot(v app.VM) bool {
	return tl.w.idle(v) && v.State != app.Broken && v.State != app.Lost
}

func (tl *timeline) canUndo(v app.VM) bool { return tl.w.idle(v) && v.UndoUsed > 0 }

func (tl *timeline) canEditSnapshot() bool {
	_, selected := tl.selectedSnapshot()
	return selected && tl.w.when(tl.w.idle)()
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
	return len(tl.w.last.snapshots) > 0 && tl.w.when(tl.w.idle)()
}

func (tl *timeline) pinText() string {
	if s, _ := tl.selectedSnapshot(); s.Pinned {
		return lang.L("Unpin")
	}
	return lang.L("Pin")
}

func (tl *timeline) togglePin(v app.VM, s app.Snapshot) {
	tl.w.mutate(func(ctx context.Context) error { return tl.w.svc.PinSnapshot(ctx, v.Name, s.Name, !s.Pinned) })
}

func (tl *timeline) verifySnapshot(v app.VM, s app.Snapshot) {
	runJob(tl.w, words.VerifyDone, func(ctx context.Context) (*job.Job[app.Verified], error) {
		return tl.w.svc.VerifySnapshot(ctx, v.Name, s.Name, false)
	})
}

// editSnapshotName starts editing the selected snapshot's name.
func (tl *timeline) editSnapshotName() {
	tl.w.setVisible(tl.snapshots, true)
	tl.detailName.Edit()
}

// editDescription starts editing the selected snapshot's description.
func (tl *timeline) editDescription() {
	tl.w.setVisible(tl.snapshots, true)
	tl.detailAbout.Edit()
}

func (tl *timeline) renameSnapshot(to string) {
	tl.withSnapshot(func(v app.VM, s app.Snapshot) {
		to := typedName(to)
		tl.w.call(func(ctx context.Context) error { return tl.w.svc.RenameSnapshot(ctx, v.Name, s.Name, to) }, func(err error) {
			if err == nil {
				tl.selectNextSnapshot = to
			}
			tl.w.reader.refresh()
			tl.w.modal.showError(err)
		})
	})()
}

func (tl *timeline) describeSnapshot(text string) {
	tl.withSnapshot(func(v app.VM, s app.Snapshot) {
		tl.w.mutate(func(ctx context.Context) error { return tl.w.svc.DescribeSnapshot(ctx, v.Name, s.Name, text) })
	})()
}
