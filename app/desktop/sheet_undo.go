//go:build !nogui

package desktop

import (
	"context"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/widgets"
)

// askUndo asks before the last restore of the VM on the window is undone. A
// running VM is offered to be stopped and started again in one go.
func (w *window) askUndo() {
	v, ok := w.chosen()
	if !ok || !w.idle(v) {
		return
	}
	if v.UndoUsed == 0 {
		w.openSheet(textUndoTitle(v.Name), paragraph(textUndoNothing()), textClose(), nil)
		return
	}
	opt := app.RestoreOptions{Stop: v.State.Alive(), Start: v.State.Alive()}
	body := container.NewVBox(paragraph(textUndoAbout(v.Name)))
	if opt.Stop {
		body.Add(paragraph(textUndoRunning(v.Name)))
	}
	var sheet *widgets.Sheet
	undo := &widgets.SheetButton{Text: textUndo(), Look: widget.WarningImportance, OnTapped: func() {
		w.closeSheet(sheet)
		if opt.Start {
			w.focusNext = v.Name
		}
		w.runJob(func(ctx context.Context) (*app.Job, error) { return w.svc.UndoRestore(ctx, v.Name, opt) })
	}}
	sheet = w.openSheet(textUndoTitle(v.Name), body, textCancel(), nil, undo)
}
