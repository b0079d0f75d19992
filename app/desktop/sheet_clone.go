//go:build !nogui

package desktop

import (
	"context"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"vmterminal/app"
	"vmterminal/widgets"
)

// askCloneVM asks for the name of a new VM with a copy of another's disk.
func (w *window) askCloneVM(v app.VM) {
	w.askNameFor(textCloneTitle(v.Name), textCloneAbout(), func(name string) {
		w.runJob(func(ctx context.Context) (*app.Job, error) {
			return w.svc.CloneVM(ctx, v.Name, app.NewVM{Name: name})
		})
	})
}

// askFromSnapshot asks for the name of a new VM made of the chosen snapshot.
func (w *window) askFromSnapshot(v app.VM, s app.Snapshot) {
	w.askNameFor(textFromSnapshotTitle(s.Name), textFromSnapshotAbout(), func(name string) {
		w.runJob(func(ctx context.Context) (*app.Job, error) {
			return w.svc.CloneSnapshot(ctx, v.Name, s.Name, app.NewVM{Name: name})
		})
	})
}

// askNameFor asks for a new VM's name.
func (w *window) askNameFor(title, about string, do func(name string)) {
	name := w.newVMName()
	form := container.New(layout.NewCustomPaddedVBoxLayout(10), name, paragraph(about))
	var s *widgets.Sheet
	create := &widgets.SheetButton{Text: textCreate(), Default: true, OnTapped: func() {
		w.closeSheet(s)
		do(typedName(name.Text()))
	}}
	s = w.openSheet(title, form, textCancel(), name.Entry(), create)
	name.SelectAll()
	submitBy(s, name)
	enableWhenValid(create, name)
}
