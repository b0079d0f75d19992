package window

import (
	"context"

	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/widgets"
)

// vmPower starts, stops and pauses VMs.
type vmPower struct {
	*model

	svc      powerService
	jobs     *jobTracker
	programs *programGuard
}

// startSelected starts the selected VM if it can be started now.
func (vp *vmPower) startSelected() {
	if v, ok := vp.selected(); ok && !v.State.Alive() && vp.canPower(v) {
		vp.startVM(v.Name)
	}
}

func (vp *vmPower) startVM(name string) {
	vp.focusNext = name
	vp.setBusy(name, lang.L("Starting…"))
	vp.call(func(ctx context.Context) error {
		return vp.svc.Start(ctx, name, app.StartOptions{})
	}, func(err error) {
		vp.setBusy(name, "")
		vp.modal.showError(err)
	})
}

// startOrStop starts or stops the selected VM.
func (vp *vmPower) startOrStop() {
	v, ok := vp.selected()
	switch {
	case !ok:
	case v.State.Alive() && v.Temporary:
		vp.askStopTemporary(v.Name)
	case v.State.Alive():
		vp.askStop(v.Name)
	default:
		vp.startSelected()
	}
}

// askStop stops a VM. If programs run in its terminals, it asks first.
func (vp *vmPower) askStop(name string) {
	stop := func() { vp.stopVM(name, app.StopOptions{}) }
	vp.programs.unlessProgramsRun([]string{name}, stop, func(busy []busyVM) {
		vp.askEndPrograms(lang.L("Stop {{.VM}}?", words.Values{"VM": name}), busy, lang.L("Stop"), stop)
	})
}

// askStopTemporary asks before it stops a temporary VM, which is deleted then.
func (vp *vmPower) askStopTemporary(name string) {
	var d *widgets.Dialog
	stop := &widgets.DialogButton{Text: lang.L("Stop and delete"), Importance: widget.DangerImportance, OnTapped: func() {
		vp.modal.closeDialog(d)
		vp.stopVM(name, app.StopOptions{})
	}}
	d = vp.modal.openDialog(lang.L("Stop {{.VM}}?", words.Values{"VM": name}), paragraph(lang.L("This VM is temporary: it is deleted when it stops, with everything on its disk.")), lang.L("Cancel"), nil, stop)
}

// askRestart restarts a VM. If programs run in its terminals, it asks first.
func (vp *vmPower) askRestart(v app.VM) {
	restart := func() { vp.restartVM(v) }
	vp.programs.unlessProgramsRun([]string{v.Name}, restart, func(busy []busyVM) {
		vp.askEndPrograms(lang.L("Restart {{.VM}}?", words.Values{"VM": v.Name}), busy, lang.L("Restart"), restart)
	})
}

// askEndPrograms asks before an operation that ends the programs in busy.
func (vp *vmPower) askEndPrograms(title string, busy []busyVM, button string, proceed func()) {
	vp.showIfHidden()
	if len(vp.modal.dialogs) > 0 { // one dialog at a time
		return
	}
	var d *widgets.Dialog
	end := &widgets.DialogButton{Text: button, Importance: widget.DangerImportance, OnTapped: func() {
		vp.modal.closeDialog(d)
		proceed()
	}}
	d = vp.modal.openDialog(title, paragraph(endProgramsText(busy)), lang.L("Cancel"), nil, end)
}

func (vp *vmPower) stopVM(name string, opt app.StopOptions) {
	if vp.busy[name] != "" && !opt.Force {
		return
	}
	vp.setBusy(name, lang.L("Stopping…"))
	vp.call(func(ctx context.Context) error { return vp.stopAndReport(ctx, name, opt) }, func(err error) {
		vp.setBusy(name, "")
		vp.modal.showError(err)
	})
}

// stopAndReport stops a VM and shows the progress in the window. It must not be called on
// the main goroutine.
func (vp *vmPower) stopAndReport(ctx context.Context, name string, opt app.StopOptions) error {
	return vp.svc.Stop(ctx, name, opt, func(step app.StopStep) {
		vp.ui(func() {
			if vp.busy[name] != "" {
				vp.setBusy(name, words.StopStep(step))
			}
		})
	})
}

// restartVM shuts a VM down and starts it again.
func (vp *vmPower) restartVM(v app.VM) {
	name := v.Name
	if vp.busy[name] != "" {
		return
	}
	vp.focusNext = name
	vp.setBusy(name, lang.L("Stopping…"))
	vp.call(func(ctx context.Context) error {
		if err := vp.stopAndReport(ctx, name, app.StopOptions{}); err != nil {
			return err
		}
		vp.ui(func() { vp.setBusy(name, lang.L("Starting…")) })
		return vp.svc.Start(ctx, name, app.StartOptions{})
	}, func(err error) {
		vp.setBusy(name, "")
		vp.modal.showError(err)
	})
}

// togglePause pauses or resumes a VM.
func (vp *vmPower) togglePause(v app.VM) {
	name, act := v.Name, vp.svc.Pause
	if v.State == app.Paused {
		act = vp.svc.Resume
	}
	vp.mutate(func(ctx context.Context) error { return act(ctx, name) })
}
