package window

import (
	"context"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/job"
	"vmterminal/widgets"
)

// askCloneVM asks for the name of a clone of a VM.
func (vd *vmDialogs) askCloneVM(v app.VM) {
	vd.askNameFor(lang.L("Clone {{.VM}}", words.Values{"VM": v.Name}), lang.L("Creates a new VM with a copy of the current disk and its own identity. Snapshots are not copied."), nil, func(name string) {
		runJob(vd.jobs, words.CloneDone, func(ctx context.Context) (*job.Job[app.VM], error) {
			return vd.svc.CloneVM(ctx, v.Name, app.NewVM{Name: name})
		})
	})
}

// askFromSnapshot asks for the name of a new VM created from a snapshot.
func (vd *vmDialogs) askFromSnapshot(v app.VM, s app.Snapshot) {
	start := widgets.NewKeyCheck(lang.L("Start it now"), nil)
	vd.askNameFor(lang.L("New VM from “{{.Name}}”", words.Values{"Name": s.Name}), lang.L("Creates a new VM from this snapshot, with its own identity. The original VM is not changed."), start, func(name string) {
		runJob(vd.jobs, words.CloneDone, func(ctx context.Context) (*job.Job[app.VM], error) {
			return vd.svc.CloneSnapshot(ctx, v.Name, s.Name, app.NewVM{Name: name, Start: start.Checked})
		})
	})
}

// askNameFor asks for the name of a new VM. check, if not nil, is another question.
func (vd *vmDialogs) askNameFor(title, about string, check *widgets.KeyCheck, do func(name string)) {
	name := vd.newVMName()
	form := container.New(layout.NewCustomPaddedVBoxLayout(10), name, paragraph(about))
	if check != nil {
		form.Add(check)
	}
	var d *widgets.Dialog
	create := &widgets.DialogButton{Text: lang.L("Create"), Default: true, OnTapped: func() {
		vd.modal.closeDialog(d)
		do(typedName(name.Text()))
	}}
	d = vd.modal.openDialog(title, form, lang.L("Cancel"), name.Entry(), create)
	name.SelectAll()
	submitBy(d, name)
	enableWhenValid(create, name)
}
