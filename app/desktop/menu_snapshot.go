//go:build !nogui

package desktop

import (
	"context"

	"fyne.io/fyne/v2"

	"vmterminal/app"
)

// snapshotActions are what can be done to the snapshot chosen in the timeline.
func (w *window) snapshotActions() []action {
	return []action{
		{always(textDots(textRestore())), key(fyne.KeyR), w.whenRestorable, w.askRestore},
		{always(textDots(textFromSnapshot())), nil, w.whenWhole, w.withSnapshot(w.askFromSnapshot)},
		{},
		{always(textRename()), nil, w.whenSnapshot, w.editSnapshotName},
		{always(textDescribe()), nil, w.whenSnapshot, w.editDescription},
		{w.textOfPin, nil, w.whenSnapshot, w.withSnapshot(w.togglePin)},
		{always(textVerify()), nil, w.whenFile, w.withSnapshot(w.verifySnapshot)},
		{always(textDots(textExport())), nil, w.whenWhole, w.withSnapshot(w.askExport)},
		{always(textDots(textDeleteSnapshot())), nil, w.whenSnapshot, w.askDeleteSnapshot},
	}
}

// storeActions are what can be done to the VM's snapshots as a whole.
func (w *window) storeActions() []action {
	return []action{
		{always(textDots(textTakeSnapshot())), key(fyne.KeyS), w.when(w.canSnapshot), w.askSnapshot},
		{always(textDots(textUndo())), key(fyne.KeyZ), w.when(w.idle), w.askUndo},
		{always(textDots(textImport())), nil, w.when(w.canChange), w.withVM(w.askImport)},
		{always(textVerifyAll()), nil, func() bool { return len(w.last.snapshots) > 0 && w.when(w.canChange)() }, w.withVM(w.verifyAll)},
	}
}

// withSnapshot does something to the chosen snapshot of the VM on the window.
func (w *window) withSnapshot(do func(app.VM, app.Snapshot)) func() {
	return func() {
		v, ok := w.chosen()
		if s, chosen := w.chosenSnapshot(); ok && chosen {
			do(v, s)
		}
	}
}

func (w *window) canSnapshot(v app.VM) bool {
	return w.idle(v) && v.State != app.Broken && v.State != app.Lost
}

func (w *window) canUndo(v app.VM) bool { return w.idle(v) && v.UndoUsed > 0 }

func (w *window) whenSnapshot() bool {
	_, chosen := w.chosenSnapshot()
	return chosen && w.when(w.idle)()
}

// whenFile tells whether the chosen snapshot has a file.
func (w *window) whenFile() bool {
	s, _ := w.chosenSnapshot()
	return w.whenSnapshot() && s.State != "missing"
}

// whenWhole tells whether the chosen snapshot is not known to be damaged.
func (w *window) whenWhole() bool {
	s, _ := w.chosenSnapshot()
	return w.whenFile() && s.State != "damaged" && s.State != "newer"
}

// whenRestorable tells whether there is one to restore: the newest, if none is chosen.
func (w *window) whenRestorable() bool {
	if _, chosen := w.chosenSnapshot(); chosen {
		return w.whenWhole()
	}
	return len(w.last.snapshots) > 0 && w.when(w.idle)()
}

func (w *window) textOfPin() string {
	if s, _ := w.chosenSnapshot(); s.Pinned {
		return textUnpin()
	}
	return textPin()
}

func (w *window) togglePin(v app.VM, s app.Snapshot) {
	w.alter(func(ctx context.Context) error { return w.svc.PinSnapshot(ctx, v.Name, s.Name, !s.Pinned) })
}

func (w *window) verifySnapshot(v app.VM, s app.Snapshot) {
	w.runJob(func(ctx context.Context) (*app.Job, error) { return w.svc.VerifySnapshot(ctx, v.Name, s.Name, false) })
}

// editSnapshotName opens the chosen snapshot's name for typing.
func (w *window) editSnapshotName() {
	w.setVisible(w.parts.snapshots, true)
	w.parts.detailName.Edit()
}

// editDescription opens the chosen snapshot's description for typing.
func (w *window) editDescription() {
	w.setVisible(w.parts.snapshots, true)
	w.parts.detailAbout.Edit()
}

func (w *window) renameSnapshot(to string) {
	w.withSnapshot(func(v app.VM, s app.Snapshot) {
		to := typedName(to)
		w.call(func(ctx context.Context) error { return w.svc.RenameSnapshot(ctx, v.Name, s.Name, to) }, func(err error) {
			if err == nil {
				w.chooseNext = to
			}
			w.reader.soon()
			w.fail(err)
		})
	})()
}

func (w *window) describeSnapshot(text string) {
	w.withSnapshot(func(v app.VM, s app.Snapshot) {
		w.alter(func(ctx context.Context) error { return w.svc.DescribeSnapshot(ctx, v.Name, s.Name, text) })
	})()
}
