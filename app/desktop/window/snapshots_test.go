package window

import (
	"errors"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
)

func TestSnapshotWithReturn(t *testing.T) {
	svc := running(t, "dev")
	svc.jobSteps = make(chan struct{})
	d := open(t, svc)
	d.until("the terminal", func() bool { return d.attached("dev") })
	d.menu(key(fyne.KeyS))
	d.awaitDialog("Snapshot of dev")
	requireText(t, d.dialogTexts(), "The VM keeps running")
	name := d.fieldText("Name")
	if !strings.HasPrefix(name, "snapshot-20") {
		t.Errorf("got the suggested name %q, want the date in it", name)
	}
	d.key(fyne.KeyReturn)
	d.requireNoDialog()
	d.until("the job", func() bool { return len(d.jobBar.Items()) == 1 })
	svc.jobSteps <- struct{}{}
	svc.jobSteps <- struct{}{}
	d.until("progress", func() bool { return strings.Contains(d.jobBar.Items()[0].Numbers, "20 %") })
	if row := d.jobBar.Items()[0]; row.Phase != "Compressing" || row.Button != "Cancel" || !strings.Contains(row.Title, name) {
		t.Errorf("row of the job: got %+v, want its progress and a Cancel button", row)
	}
	if !d.header.snapshot.Disabled() {
		t.Error("the Snapshot button is enabled while a job of the VM runs")
	}
	if !d.attached("dev") {
		t.Error("the terminal does not have the focus")
	}
	close(svc.jobSteps)
	d.until("the row of the timeline", func() bool { return len(d.timeline.list.Items()) == 1 })
	d.until("the result", d.jobEnded)
	if row := d.jobBar.Items()[0]; row.Failed || !strings.HasPrefix(row.Phase, "Done: 28 MiB in ") {
		t.Errorf("row of the job: got %+v, want its result", row)
	}
	d.jobs.press(d.jobs.rows[0].job.ID)
	if d.jobBar.Visible() {
		t.Error("the result is still in the job bar")
	}
}

func TestSnapshotNameIsCheckedAsTyped(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "Taken"))
	d.press("Snapshot")
	d.awaitDialog("Snapshot of dev")
	for _, step := range []struct{ text, want string }{
		{"taken", "This name is already in use"},
		{"../x", "Must start with a letter or digit"},
		{"a b", "Only letters, digits"},
		{strings.Repeat("x", 101), "Too long"},
	} {
		d.win.Canvas().Focused().(interface{ SetText(string) }).SetText(step.text)
		requireText(t, d.dialogTexts(), step.want)
		d.key(fyne.KeyReturn)
		if len(d.modal.dialogs) != 1 {
			t.Fatalf("the name %q was accepted", step.text)
		}
	}
	d.win.Canvas().Focused().(interface{ SetText(string) }).SetText("e\u0301te\u0301")
	d.key(fyne.KeyReturn)
	d.until("the snapshot", func() bool { return d.svc.hasCalled("CreateSnapshot dev été") })
}

// startSnapshotJob opens a window in which a snapshot of a stopped VM is being taken; the
// fake's jobSteps control its progress.
func startSnapshotJob(t *testing.T) *desk {
	t.Helper()
	svc := stopped("dev")
	svc.jobSteps = make(chan struct{})
	d := open(t, svc)
	d.press("Snapshot")
	d.key(fyne.KeyReturn)
	d.until("the job", func() bool { return len(d.jobBar.Items()) == 1 })
	return d
}

func TestCanceledJobLeavesNothing(t *testing.T) {
	d := startSnapshotJob(t)
	d.press("Cancel")
	d.until("the end of the job", d.jobEnded)
	if row := d.jobBar.Items()[0]; row.Failed || row.Phase != lang.L("Canceled. Partial data was removed.") {
		t.Errorf("row of the job: got %+v, want it canceled", row)
	}
	d.requireNoDialog()
}

// TestNoStartWhileDiskIsReplaced checks that a start that would fail is not offered.
func TestNoStartWhileDiskIsReplaced(t *testing.T) {
	svc := snapshotted(stopped("dev"), "newest")
	svc.jobSteps = make(chan struct{})
	d := open(t, svc)
	d.menu(key(fyne.KeyR))
	d.awaitDialog("Restore “newest”?")
	d.press("Restore")
	d.until("the start buttons to disappear", func() bool { return d.header.power.Disabled() && !d.terminals.placeholder.Button().Visible() })
	close(d.svc.jobSteps)
	d.until("the start buttons", func() bool { return !d.header.power.Disabled() && d.terminals.placeholder.Button().Visible() })
}

func TestStartWhileDiskIsRead(t *testing.T) {
	d := startSnapshotJob(t)
	if d.header.power.Disabled() || !d.terminals.placeholder.Button().Visible() {
		t.Error("Start is not offered during a snapshot, want it offered")
	}
	d.press("Start")
	d.until("the terminal", func() bool { return d.attached("dev") })
	if d.jobEnded() {
		t.Error("the snapshot ended when the VM started, want it to continue")
	}
	close(d.svc.jobSteps)
	d.until("the end of the job", d.jobEnded)
}

func TestFailedJobExplains(t *testing.T) {
	svc := stopped("dev")
	svc.failNext("job", errors.New("no room for the file"))
	d := open(t, svc)
	d.press("Snapshot")
	d.key(fyne.KeyReturn)
	d.until("the error", func() bool { return len(d.modal.dialogs) == 1 })
	requireText(t, d.dialogTexts(), "no room for the file")
	if row := d.jobBar.Items()[0]; !row.Failed || !strings.Contains(row.Phase, "no room for the file") {
		t.Errorf("row of the job: got %+v, want its error", row)
	}
}

func TestRestoreOfRunningVM(t *testing.T) {
	d := open(t, snapshotted(running(t, "dev"), "newer", "older"))
	d.until("the terminal", func() bool { return d.attached("dev") })
	before := d.console("dev")
	d.timeline.list.SetCurrent("older")
	d.menu(key(fyne.KeyR))
	d.awaitDialog("Restore “older”?")
	for _, want := range []string{"1.  shut down", "2.  restore", "3.  start the VM again", "kept until the next restore", "(2 hours)"} {
		requireText(t, d.dialogTexts(), want)
	}
	d.key(fyne.KeyReturn) // a destructive button is never the default
	d.requireNoDialog()
	if d.svc.hasCalled("RestoreSnapshot dev older true true") {
		t.Fatal("Return restored the VM")
	}
	d.menu(key(fyne.KeyR))
	d.awaitDialog("Restore “older”?")
	d.press("Stop, restore and start again")
	d.until("the console after the restore", func() bool { return d.console("dev") != nil && d.console("dev") != before && d.attached("dev") })
	d.until("the mark of the current snapshot", func() bool { return d.timeline.list.Items()[1].CurrentLabel == "you are here" })
	d.until("the result", d.jobEnded)
	requireText(t, []string{d.jobBar.Items()[0].Phase}, "kept for undo")
}

func TestRestoreOfStoppedVM(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "newest", "older"))
	d.menu(key(fyne.KeyR))
	d.awaitDialog("Restore “newest”?")
	d.press("Restore")
	d.until("the restore", func() bool { return d.svc.hasCalled("RestoreSnapshot dev newest false false") })
}

func TestRestoreAndStart(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "newest", "older"))
	d.menu(key(fyne.KeyR))
	d.awaitDialog("Restore “newest”?")
	requireText(t, d.dialogTexts(), "does not wait until the whole disk is restored")
	d.press("Restore and start")
	d.until("the terminal", func() bool { return d.attached("dev") })
	if want := "RestoreSnapshot dev newest false true"; !d.svc.hasCalled(want) {
		t.Errorf("no call of %s", want)
	}
}

func TestRestoreOfForeignSnapshotPromisesNoEarlyStart(t *testing.T) {
	svc := snapshotted(stopped("dev"), "newest")
	svc.snapshots["dev"][0].Foreign = true
	d := open(t, svc)
	d.menu(key(fyne.KeyR))
	d.awaitDialog("Restore “newest”?")
	if got := strings.Join(d.dialogTexts(), "\n"); strings.Contains(got, "filled in") {
		t.Errorf("dialog: got %q, want nothing about filling in", got)
	}
}

func TestFillingIsShown(t *testing.T) {
	svc := snapshotted(running(t, "dev"), "one")
	svc.vms[0].Filling = &app.Filling{Source: "one", Done: 1, Total: 4}
	d := open(t, svc)
	d.until("the progress", func() bool { return len(d.jobBar.Items()) == 1 })
	row := d.jobBar.Items()[0]
	if row.Title != "Disk of dev from “one”" || row.Phase != "Filling in the disk" || row.Numbers != "25 %" || row.Fraction != 0.25 || row.Button != "" || row.Ended {
		t.Errorf("row: got %+v, want 25 %% and no button", row)
	}
	requireText(t, texts(d.sidebar.vms), "filling in 25 %")
	svc.change(func() {
		svc.vms[0].Filling = &app.Filling{Source: "one", Done: 2, Total: 4, Problem: app.FillProblem{Code: app.FillNoSpace}}
	})
	d.until("the problem", func() bool { return d.jobBar.Items()[0].Failed })
	requireText(t, []string{d.jobBar.Items()[0].Phase}, "The host's disk is full.")
	svc.change(func() { svc.vms[0].Filling = nil })
	d.until("no progress", func() bool { return len(d.jobBar.Items()) == 0 && !d.jobBar.Visible() })
}

func TestUnfinishedDiskOfStoppedVM(t *testing.T) {
	svc := snapshotted(stopped("dev"), "one")
	svc.vms[0].Filling = &app.Filling{Source: "one"}
	d := open(t, svc)
	requireText(t, texts(d.header.state), "the rest of its disk is copied from “one” while it runs")
	if got := d.jobBar.Items(); len(got) != 0 {
		t.Errorf("rows: got %+v, want none", got)
	}
}

func TestPauseByDamagedSourceOffersNextSteps(t *testing.T) {
	for name, c := range map[string]struct {
		undo   int64
		button string
		dialog string
	}{
		"undo":    {3 << 30, "Undo restore…", "Undo the last restore of dev?"},
		"no undo": {0, "Restore another snapshot…", "Restore “one”?"},
	} {
		t.Run(name, func(t *testing.T) {
			svc := snapshotted(running(t, "dev"), "one")
			svc.vms[0].State, svc.vms[0].PauseReason = app.Paused, app.PauseReason{Code: app.PauseSourceFailed}
			svc.vms[0].Filling = &app.Filling{Source: "one", Problem: app.FillProblem{Code: app.FillDamaged, Detail: "chunk 7"}}
			svc.vms[0].UndoUsed, svc.undoSince = c.undo, time.Now()
			d := open(t, svc)
			d.until("the notice", func() bool { return d.noticeBar.banner.Visible() })
			requireText(t, texts(d.noticeBar.banner), "dev is paused: a part of its disk cannot be read from “one”.")
			requireText(t, texts(d.header.state), "cannot be read")
			d.press(c.button)
			d.awaitDialog(c.dialog)
			d.key(fyne.KeyEscape)
			d.press("Resume")
			d.until("the resumption", func() bool { return svc.hasCalled("Resume dev") })
		})
	}
}

// TestRestoreOffersToSaveUndoDisk tests a restore that would delete an undo disk.
func TestRestoreOffersToSaveUndoDisk(t *testing.T) {
	for _, save := range []bool{true, false} {
		svc := snapshotted(stopped("dev"), "newest", "older")
		svc.vms[0].UndoUsed, svc.undoAtRisk = 1<<20, true
		now := time.Now()
		svc.clock = now
		d := open(t, svc)
		d.until("the undo disk", func() bool { return d.last.undo != nil })
		d.menu(key(fyne.KeyR))
		requireText(t, d.dialogTexts(), "is not in any snapshot and will be deleted")
		name := app.UndoName(now)
		want := "RestoreSnapshot dev newest false false " + name
		if !save {
			d.check("Save it as snapshot “" + name + "” first").SetChecked(false)
			want = "RestoreSnapshot dev newest false false"
		}
		d.press("Restore")
		d.until("the restore", func() bool { return d.svc.hasCalled(want) })
	}
}

func TestUndoOfRestore(t *testing.T) {
	svc := snapshotted(stopped("dev"), "newest")
	d := open(t, svc)
	d.menu(key(fyne.KeyZ))
	requireText(t, d.dialogTexts(), "There is no undo disk")
	d.press("Close")
	svc.change(func() { svc.vms[0].UndoUsed = 1 << 20 })
	d.until("the undo disk", func() bool { v, _ := d.selected(); return v.UndoUsed > 0 })
	d.menu(key(fyne.KeyZ))
	requireText(t, d.dialogTexts(), "The current disk is kept")
	d.press("Undo restore")
	d.until("the undo", func() bool { return d.svc.hasCalled("UndoRestore dev false false") })
	d.until("the result", d.jobEnded)
	requireText(t, []string{d.jobBar.Items()[0].Phase}, "undo again to switch back")
}

func TestUndoOfRunningVM(t *testing.T) {
	svc := snapshotted(running(t, "dev"), "newest")
	svc.vms[0].UndoUsed = 1 << 20
	d := open(t, svc)
	d.until("the terminal", func() bool { return d.attached("dev") })
	d.menu(key(fyne.KeyZ))
	d.awaitDialog("Undo the last restore of dev?")
	requireText(t, d.dialogTexts(), "stopped for this and started again afterward")
	d.press("Undo restore")
	d.until("the undo", func() bool { return d.svc.hasCalled("UndoRestore dev true true") })
}

func TestDetailsAndDelete(t *testing.T) {
	svc := snapshotted(stopped("dev"), "one", "two")
	svc.snapshots["dev"][1].Digest = "sha256:abcdef"
	d := open(t, svc)
	if d.timeline.details.box.Visible() {
		t.Error("details are shown although no snapshot is selected")
	}
	d.timeline.list.SetCurrent("two")
	for _, want := range []string{"two", "256 MiB (2.5 % of the disk)", "10 GiB", "abcdef"} {
		requireText(t, texts(d.timeline.details.box), want)
	}
	d.press("Delete…")
	d.awaitDialog("Delete snapshot “two”?")
	d.press("Delete snapshot")
	d.until("the row to disappear", func() bool { return len(d.timeline.list.Items()) == 1 })
	if d.timeline.details.box.Visible() || d.timeline.list.Current() != "" {
		t.Error("the details of the deleted snapshot are still shown")
	}
}

func TestNewVM(t *testing.T) {
	d := open(t, stopped("default"))
	d.menu(key(fyne.KeyN))
	d.awaitDialog("New VM")
	d.typeText("Default")
	d.until("the dialog", func() bool { return d.modal.dialogs[0].Shown() })
	d.win.Canvas().Focused().(interface{ SetText(string) }).SetText("Default")
	requireText(t, d.dialogTexts(), "This name is already in use")
	d.win.Canvas().Focused().(interface{ SetText(string) }).SetText("web")
	d.win.Canvas().FocusNext() // the system
	d.win.Canvas().FocusNext() // CPUs
	d.win.Canvas().Focused().(interface{ SetText(string) }).SetText("65")
	requireText(t, d.dialogTexts(), "From 1 to 64")
	d.key(fyne.KeyReturn)
	if d.svc.hasCalled("CreateVM web") {
		t.Fatal("65 CPUs were accepted")
	}
	d.win.Canvas().Focused().(interface{ SetText(string) }).SetText("3")
	d.key(fyne.KeyReturn)
	d.until("the new VM's terminal", func() bool { return d.attached("web") })
	if v, _ := d.selected(); v.CPUs != 3 || v.MemoryMB != 768 {
		t.Errorf("created VM: got %+v, want 3 CPUs and 768 MiB", v)
	}
}

func TestNewVMWithoutDefaultsFails(t *testing.T) {
	d := open(t, stopped("default"))
	d.svc.failNext("DefaultVM", errors.New("config.yaml, line 3: it is not valid text"))
	d.menu(key(fyne.KeyN))
	d.until("the error", func() bool { return len(d.modal.dialogs) == 1 })
	requireText(t, d.dialogTexts(), "line 3")
}

func TestDeleteVMWithSnapshotsAsksForItsName(t *testing.T) {
	d := open(t, snapshotted(stopped("dev", "other"), "one"))
	v, _ := d.selected()
	d.vmDialogs.askDeleteVM(v)
	d.awaitDialog("Delete VM “dev”?")
	d.press("Delete VM")
	if len(d.modal.dialogs) != 1 {
		t.Fatal("Delete is enabled before the name is typed")
	}
	d.modal.dialogs[0].Show(nil)
	d.modal.closeDialog(d.modal.dialogs[0])

	d.vmDialogs.askDeleteVM(v)
	d.typeText("dev")
	d.press("Delete VM")
	d.until("the deleted VM to disappear", func() bool { return len(d.last.vms) == 1 })
	if !d.svc.hasCalled("DeleteVM dev false") {
		t.Errorf("the data was deleted without being selected: calls %q", d.svc.calls)
	}
}

func TestDeleteRunningVMIsRefused(t *testing.T) {
	d := open(t, running(t, "dev"))
	v, _ := d.selected()
	d.vmDialogs.askDeleteVM(v)
	d.awaitDialog("dev is running")
	d.key(fyne.KeyReturn)
	d.requireNoDialog()
}
