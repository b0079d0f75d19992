package window

import (
	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
	"vmterminal/app/job"
)

// vmActions returns the actions on the selected VM.
func (w *window) vmActions() []action {
	return []action{
		{w.power.powerText, nil, w.when(w.power.canPower), w.power.startOrStop},
		{w.power.pauseText, nil, w.when(w.power.canPause), w.withVM(w.power.togglePause)},
		{fixedText(lang.L("Restart")), nil, w.when(w.power.canRestart), w.withVM(w.power.askRestart)},
		{fixedText(lang.L("Force off…")), nil, w.when(func(v app.VM) bool { return v.State.Alive() }), w.withVM(w.vmDialogs.askForce)},
		{},
		{fixedText(lang.L("Settings") + "…"), nil, w.when(w.canChange), w.withVM(w.vmDialogs.askSettings)},
		{fixedText(lang.L("Automatic snapshots") + "…"), nil, w.when(func(v app.VM) bool { return v.State != app.Broken }), w.withVM(w.vmDialogs.askAutomatic)},
		{fixedText(lang.L("Clone") + "…"), nil, w.when(w.canChange), w.withVM(w.vmDialogs.askCloneVM)},
		{fixedText(lang.L("Make active")), nil, w.when(func(v app.VM) bool { return !v.Active }), w.withVM(w.useVM)},
		{fixedText(lang.L("Delete VM") + "…"), nil, w.when(w.idle), w.withVM(w.vmDialogs.askDeleteVM)},
	}
}

// when returns a function that reports whether the selected VM meets a condition.
func (w *window) when(holds func(app.VM) bool) func() bool {
	return func() bool {
		v, ok := w.selected()
		return ok && holds(v)
	}
}

// withVM returns an action that calls do with the selected VM.
func (w *window) withVM(do func(app.VM)) func() {
	return func() {
		if v, ok := w.selected(); ok {
			do(v)
		}
	}
}

// idle reports whether this window has no operation in progress on a VM.
func (w *window) idle(v app.VM) bool {
	_, _, runs := w.jobs.runningJob(v.Name)
	return w.busy[v.Name] == "" && !runs
}

// blocksStart reports whether a job prevents the VM from starting: a job that replaces its
// disk, or that reads the disk of a stopped VM.
func blocksStart(j *job.Handle, v app.VM) bool {
	return j.Kind.ReplacesDisk() || j.Kind == job.Snapshot && !v.State.Alive()
}

func (vp *vmPower) canPower(v app.VM) bool {
	job, _, runs := vp.w.jobs.runningJob(v.Name)
	held := runs && blocksStart(job, v)
	return vp.w.busy[v.Name] == "" && !held && v.State != app.Broken && v.State != app.Stopping
}

func (vp *vmPower) canPause(v app.VM) bool {
	return vp.canPower(v) && (v.State == app.Running || v.State == app.Paused)
}

func (vp *vmPower) canRestart(v app.VM) bool { return vp.canPower(v) && v.State.Alive() }

// canChange reports whether a VM can be reconfigured or cloned.
func (w *window) canChange(v app.VM) bool { return w.idle(v) && v.State != app.Broken }

func (vp *vmPower) powerText() string {
	if v, _ := vp.w.selected(); v.State.Alive() {
		return lang.L("Stop")
	}
	return lang.L("Start")
}

func (vp *vmPower) pauseText() string {
	if v, _ := vp.w.selected(); v.State == app.Paused {
		return lang.L("Resume")
	}
	return lang.L("Pause")
}
