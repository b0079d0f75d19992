package window

import (
	"slices"
	"testing"
	"time"

	"vmterminal/app"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable/lazydisk"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// inState returns a Service with one VM in a state of a running VM.
func inState(t *testing.T, state app.VMState) *fakeService {
	t.Helper()
	svc := running(t, "dev")
	svc.vms[0].State = state
	return svc
}

// showFailure shows the error of an operation on the VM dev and its snapshot one.
func (d *desk) showFailure(err error, disk ...problem.State) {
	d.modal.showError(&app.Failure{
		Operation: problem.Operation{Code: problem.OpSnapshotRestore, VM: "dev", Snapshot: "one"}, Disk: disk, Err: err,
	})
}

// The dialog of a failed operation offers the next step. What may lose data asks first.
func TestErrorOffersNextStep(t *testing.T) {
	undoable := stopped("dev")
	undoable.vms[0].UndoUsed, undoable.undoSince, undoable.restored = 3<<30, time.Now(), "one"
	for name, c := range map[string]struct {
		svc            *fakeService
		err            error
		disk           []problem.State
		button         string
		call, question string
	}{
		"running":        {svc: running(t, "dev"), err: app.ErrRunning, button: "Stop", call: "Stop dev false"},
		"stopped":        {svc: stopped("dev"), err: app.ErrStopped, button: "Start", call: "Start dev"},
		"paused":         {svc: inState(t, app.Paused), err: client.ErrPaused, button: "Resume", call: "Resume dev"},
		"lost":           {svc: inState(t, app.Lost), err: client.ErrNotAnswering, button: "Force off…", question: "Force dev off?"},
		"full":           {svc: stopped("dev"), err: &snapshot.NoSpace{}, button: "Storage…", question: "Storage"},
		"no memory":      {svc: stopped("dev"), err: qemu.ErrNoMemory, button: "Settings…", question: "Settings of dev"},
		"damaged":        {svc: snapshotted(stopped("dev"), "one"), err: snapshot.ErrDamaged, button: "Delete snapshot…", question: "Delete snapshot “one”?"},
		"damaged source": {svc: undoable, err: lazydisk.ErrDamaged, button: "Undo restore…", question: "Undo the last restore of dev?"},
		"not restarted":  {svc: undoable, err: client.ErrNoAgent, disk: []problem.State{{Code: problem.DiskRestored}}, button: "Undo restore…", question: "Undo the last restore of dev?"},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, c.svc)
			d.until("the snapshots", func() bool { return len(d.last.snapshots) == len(c.svc.snapshots["dev"]) })
			d.showFailure(c.err, c.disk...)
			calls := len(c.svc.calls)
			d.press(c.button)
			if c.question != "" {
				d.awaitDialog(c.question)
				return
			}
			d.until(c.call, func() bool { return c.svc.hasCalled(c.call) })
			d.requireNoDialog()
			if len(c.svc.calls) <= calls {
				t.Errorf("%s: got no new call, want %s", c.button, c.call)
			}
		})
	}
}

// Actions that are not available are not offered.
func TestErrorWithoutNextStep(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "two"))
	d.until("the snapshot", func() bool { return len(d.last.snapshots) == 1 })
	for _, err := range []error{app.ErrRunning, client.ErrPaused, client.ErrSupervisorGone, snapshot.ErrDamaged, app.ErrState} {
		d.showFailure(err)
		for _, text := range []string{"Stop", "Resume", "Force off…", "Delete snapshot…", "Undo restore…"} {
			if slices.Contains(d.dialogTexts(), text) {
				t.Errorf("%v: got texts %q, want no button %q", err, d.dialogTexts(), text)
			}
		}
		d.press("Close")
	}
}
