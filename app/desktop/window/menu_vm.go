package window

import (
	"context"

	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/widgets"
)

// actions returns the actions on the selected VM.
func (vd *vmDialogs) actions() []action {
	return []action{
		{vd.power.powerText, nil, vd.when(vd.power.canPower), vd.power.startOrStop},
		{vd.power.pauseText, nil, vd.when(vd.power.canPause), vd.withVM(vd.power.togglePause)},
		{fixedText(lang.L("Restart")), nil, vd.when(vd.power.canRestart), vd.withVM(vd.power.askRestart)},
		{fixedText(lang.L("Force off…")), nil, vd.when(func(v app.VM) bool { return v.State.Alive() }), vd.withVM(vd.askForce)},
		{},
		{fixedText(lang.L("Settings") + "…"), nil, vd.when(vd.jobs.canChange), vd.withVM(vd.askSettings)},
		{fixedText(lang.L("Automatic snapshots") + "…"), nil, vd.when(func(v app.VM) bool { return v.State != app.Broken }), vd.withVM(vd.askAutomatic)},
		{fixedText(lang.L("Clone") + "…"), nil, vd.when(vd.jobs.canChange), vd.withVM(vd.askCloneVM)},
		{fixedText(lang.L("Keep temporary VM")), nil, vd.when(func(v app.VM) bool { return v.Temporary }), vd.withVM(vd.keepVM)},
		{fixedText(lang.L("Make active")), nil, vd.when(func(v app.VM) bool { return !v.Active }), vd.withVM(vd.useVM)},
		{fixedText(lang.L("Delete VM") + "…"), nil, vd.when(vd.jobs.isIdle), vd.withVM(vd.askDeleteVM)},
	}
}

// useVM makes a VM the active one: the default of commands without a VM name.
func (vd *vmDialogs) useVM(v app.VM) {
	vd.mutate(func(ctx context.Context) error { return vd.svc.UseVM(ctx, v.Name) })
}

// keepVM makes a temporary VM an ordinary one.
func (vd *vmDialogs) keepVM(v app.VM) {
	vd.mutate(func(ctx context.Context) error {
		_, err := vd.svc.KeepVM(ctx, v.Name)
		return err
	})
}

// askForce asks before it forces a VM off.
func (vd *vmDialogs) askForce(v app.VM) {
	var d *widgets.Dialog
	force := &widgets.DialogButton{Text: lang.L("Force off"), Importance: widget.DangerImportance, OnTapped: func() {
		vd.modal.closeDialog(d)
		vd.power.stopVM(v.Name, app.StopOptions{Force: true})
	}}
	d = vd.modal.openDialog(lang.L("Force {{.VM}} off?", words.Values{"VM": v.Name}), paragraph(lang.L("The guest cannot shut down cleanly. Data it has not yet written to its disk is lost.")), lang.L("Cancel"), nil, force)
}

func (vp *vmPower) canPower(v app.VM) bool {
	job, _, runs := vp.jobs.runningJob(v.Name)
	isReplaced := runs && job.Kind.ReplacesDisk()
	return vp.busy[v.Name] == "" && !isReplaced && v.State != app.Broken && v.State != app.Stopping
}

func (vp *vmPower) canPause(v app.VM) bool {
	return vp.canPower(v) && (v.State == app.Running || v.State == app.Paused)
}

// canRestart reports whether a VM can be restarted. Temporary VMs are deleted when they stop.
func (vp *vmPower) canRestart(v app.VM) bool {
	return vp.canPower(v) && v.State.Alive() && !v.Temporary
}

func (vp *vmPower) powerText() string {
	if v, _ := vp.selected(); v.State.Alive() {
		return lang.L("Stop")
	}
	return lang.L("Start")
}

func (vp *vmPower) pauseText() string {
	if v, _ := vp.selected(); v.State == app.Paused {
		return lang.L("Resume")
	}
	return lang.L("Pause")
}
