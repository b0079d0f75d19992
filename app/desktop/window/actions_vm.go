package window

import (
	"context"

	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
)

// firstVMName is the name of the VM that the first-run card creates.
const firstVMName = "default"

// createFirst creates the first VM, starts it and focuses its console.
func (vd *vmDialogs) createFirst() {
	vd.w.parts.firstRun.SetBusy(lang.L("Creating the VM…"))
	vd.w.call(func(ctx context.Context) error {
		_, err := vd.w.svc.CreateVM(ctx, app.NewVM{Name: firstVMName})
		return err
	}, func(err error) {
		vd.w.parts.firstRun.SetBusy("")
		if vd.w.modal.showError(err) {
			vd.w.reader.refresh()
			return
		}
		vd.created(firstVMName)
	})
}

// created starts a new VM and shows it.
func (vd *vmDialogs) created(name string) {
	vd.w.selectVM(name)
	vd.w.power.startVM(name)
}

// useVM makes a VM the active one: the default of commands without a VM name.
func (w *window) useVM(v app.VM) {
	w.mutate(func(ctx context.Context) error { return w.svc.UseVM(ctx, v.Name) })
}
