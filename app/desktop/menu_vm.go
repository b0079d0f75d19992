//go:build !nogui

package desktop

import (
	"fyne.io/fyne/v2"

	"vmterminal/app"
)

// vmActions are what can be done to the VM on the window.
func (w *window) vmActions() []action {
	return []action{
		{w.textOfPower, key(fyne.KeyP), w.when(w.canPower), w.power},
		{w.textOfPause, nil, w.when(w.canPause), w.withVM(w.togglePause)},
		{always(textRestart()), nil, w.when(w.canRestart), w.withVM(w.restartVM)},
		{always(textForceOff()), nil, w.when(func(v app.VM) bool { return v.State.Alive() }), w.withVM(w.askForce)},
		{},
		{always(textDots(textSettings())), nil, w.when(w.canChange), w.withVM(w.askSettings)},
		{always(textDots(textAutomatic())), nil, w.when(func(v app.VM) bool { return v.State != app.Broken }), w.withVM(w.askAutomatic)},
		{always(textDots(textCloneVM())), nil, w.when(w.canChange), w.withVM(w.askCloneVM)},
		{always(textUse()), nil, w.when(func(v app.VM) bool { return !v.Active }), w.withVM(w.useVM)},
		{always(textDots(textDeleteVM())), nil, w.when(w.idle), w.withVM(w.askDeleteVM)},
	}
}

// when tells whether something holds of the VM on the window.
func (w *window) when(holds func(app.VM) bool) func() bool {
	return func() bool {
		v, ok := w.chosen()
		return ok && holds(v)
	}
}

// withVM does something to the VM on the window.
func (w *window) withVM(do func(app.VM)) func() {
	return func() {
		if v, ok := w.chosen(); ok {
			do(v)
		}
	}
}

// idle tells whether nothing is being done to a VM by this window.
func (w *window) idle(v app.VM) bool {
	_, _, runs := w.jobs.of(v.Name)
	return w.busy[v.Name] == "" && !runs
}

// keepsOff tells whether the VM cannot be started while a job works on it: one
// that replaces its disk, or reads the disk of a stopped one.
func keepsOff(job *app.Job, v app.VM) bool {
	return job.Kind.ReplacesDisk() || job.Kind == app.JobSnapshot && !v.State.Alive()
}

func (w *window) canPower(v app.VM) bool {
	job, _, runs := w.jobs.of(v.Name)
	held := runs && keepsOff(job, v)
	return w.busy[v.Name] == "" && !held && v.State != app.Broken && v.State != app.Stopping
}

func (w *window) canPause(v app.VM) bool {
	return w.canPower(v) && (v.State == app.Running || v.State == app.Paused)
}

func (w *window) canRestart(v app.VM) bool { return w.canPower(v) && v.State.Alive() }

// canChange tells whether a VM can get other settings, or a copy.
func (w *window) canChange(v app.VM) bool { return w.idle(v) && v.State != app.Broken }

func (w *window) textOfPower() string {
	if v, _ := w.chosen(); v.State.Alive() {
		return textStop()
	}
	return textStart()
}

func (w *window) textOfPause() string {
	if v, _ := w.chosen(); v.State == app.Paused {
		return textResume()
	}
	return textPause()
}
