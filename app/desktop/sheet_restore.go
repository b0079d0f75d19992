//go:build !nogui

package desktop

import (
	"context"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/widgets"
)

// askRestore asks before the VM on the window is brought back to the chosen
// snapshot, or to the newest if none is chosen. A running VM is offered to be
// stopped and started again in one go.
func (w *window) askRestore() {
	v, ok := w.chosen()
	if _, _, runs := w.jobs.of(v.Name); !ok || runs || w.busy[v.Name] != "" || len(w.last.snapshots) == 0 {
		return
	}
	s, ok := w.chosenSnapshot()
	if !ok {
		s = w.last.snapshots[0]
		w.parts.timeline.Choose(s.Name)
	}
	opt := app.RestoreOptions{Stop: v.State.Alive(), Start: v.State.Alive()}
	body := container.NewVBox(
		paragraph(textRestoreAbout(v.Name, day(s.Created), textSpan(w.now().Sub(s.Created)))))
	if now, then := v.DiskSize, s.DiskSize; now > 0 && then > 0 && now != then {
		body.Add(paragraph(textRestoreSize(size(now), size(then))))
	}
	text := textRestore()
	if opt.Stop {
		text = textRestoreStopStart()
		body.Add(paragraph(textRestoreRunning(v.Name)))
	}
	if v.DiskSize > 0 { // a missing one cannot be kept
		kept := paragraph(textRestoreUndo())
		body.Add(container.NewBorder(nil, nil, container.NewCenter(widget.NewIcon(theme.InfoIcon())), nil, kept))
	}

	var sheet *widgets.Sheet
	restore := &widgets.SheetButton{Text: text, Look: widget.WarningImportance, OnTapped: func() {
		w.closeSheet(sheet)
		w.restoreSnapshot(v.Name, s.Name, opt)
	}}
	sheet = w.openSheet(textRestoreTitle(s.Name), body, textCancel(), nil, restore)
}

func (w *window) restoreSnapshot(vm, name string, opt app.RestoreOptions) {
	if opt.Start {
		w.focusNext = vm
	}
	w.runJob(func(ctx context.Context) (*app.Job, error) {
		return w.svc.RestoreSnapshot(ctx, vm, name, opt)
	})
}

// askDeleteSnapshot asks before the chosen snapshot is deleted.
func (w *window) askDeleteSnapshot() {
	v, ok := w.chosen()
	s, chosen := w.chosenSnapshot()
	if _, _, runs := w.jobs.of(v.Name); !ok || !chosen || runs {
		return
	}
	var sheet *widgets.Sheet
	del := &widgets.SheetButton{Text: textDeleteSnapshot(), Look: widget.DangerImportance, OnTapped: func() {
		w.closeSheet(sheet)
		w.alter(func(ctx context.Context) error { return w.svc.DeleteSnapshot(ctx, v.Name, s.Name) })
	}}
	sheet = w.openSheet(textDeleteSnapshotTitle(s.Name),
		paragraph(textDeleteSnapshotAbout(v.Name, size(s.FileSize))), textCancel(), nil, del)
}
