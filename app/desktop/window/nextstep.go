package window

import (
	"slices"

	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
	"vmterminal/app/problem"
)

// nextStep returns the action that may solve a problem. It returns false if the window has no
// such action, or if it is not available now.
func (w *window) nextStep(p problem.Problem) (action, bool) {
	if slices.Contains([]problem.Code{problem.NoSpace, problem.NoInodes, problem.QuotaExceeded}, p.Code) {
		return action{text: fixedText(lang.L("Storage") + "…"), do: w.storage.askStorage}, true
	}
	v, ok := w.last.vm(p.Operation.VM)
	if !ok {
		return action{}, false
	}
	a := w.nextStepForVM(v, p)
	return a, a.text != nil && a.isEnabled()
}

// nextStepForVM returns the action on a VM that may solve a problem, or the zero action.
func (w *window) nextStepForVM(v app.VM, p problem.Problem) action {
	restored := func(s problem.State) bool { return s.Code == problem.DiskRestored }
	power, isSelected := w.vmDialogs.power, v.Name == w.last.selected
	switch p.Code {
	case problem.VMRunning:
		return action{fixedText(lang.L("Stop")), nil, func() bool { return v.State.Alive() && power.canPower(v) }, func() { power.askStop(v.Name) }}
	case problem.VMStopped:
		return action{fixedText(lang.L("Start")), nil, func() bool { return !v.State.Alive() && power.canPower(v) }, func() { power.startVM(v.Name) }}
	case problem.VMPaused:
		return action{fixedText(lang.L("Resume")), nil, func() bool { return v.State == app.Paused && power.canPower(v) }, func() { power.togglePause(v) }}
	case problem.SupervisorGone, problem.SupervisorSilent:
		return action{fixedText(lang.L("Force off…")), nil, v.State.Alive, func() { w.vmDialogs.askForce(v) }}
	case problem.NoMemory, problem.NoAccelerator, problem.PortInUse, problem.ShareUnavailable, problem.SharingUnsupported:
		return action{fixedText(lang.L("Settings") + "…"), nil, func() bool { return w.jobs.canChange(v) }, func() { w.vmDialogs.askSettings(v) }}
	case problem.SnapshotDamaged, problem.SnapshotFileMissing:
		at := slices.IndexFunc(w.last.snapshots, func(s app.Snapshot) bool { return s.Name == p.Operation.Snapshot })
		if at < 0 || !isSelected {
			return action{}
		}
		s := w.last.snapshots[at]
		return action{fixedText(lang.L("Delete snapshot") + "…"), nil, func() bool { return w.jobs.isIdle(v) }, func() { w.snapshotDialogs.askDeleteSnapshot(v, s) }}
	default:
		if isSelected && (p.Code == problem.DiskSourceDamaged || slices.ContainsFunc(p.Disk, restored)) {
			return action{fixedText(lang.L("Undo restore") + "…"), nil, func() bool { return w.snapshotDialogs.canUndo(v) }, w.snapshotDialogs.askUndo}
		}
		return action{}
	}
}
