//go:build !nogui

package desktop

import (
	"errors"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
)

func TestSnapshotByReturn(t *testing.T) {
	svc := running(t, "dev")
	svc.jobSteps = make(chan struct{})
	d := open(t, svc)
	d.until("the terminal", func() bool { return d.attached("dev") })
	d.menu(key(fyne.KeyS))
	d.sheet("Snapshot of dev")
	sees(t, d.sheetTexts(), "The VM goes on running")
	d.key(fyne.KeyReturn)
	d.noSheet()
	name := "snapshot-" + time.Now().Format(time.DateOnly)
	d.until("the job", func() bool { return len(d.parts.jobBar.Items()) == 1 })
	svc.jobSteps <- struct{}{}
	svc.jobSteps <- struct{}{}
	d.until("progress", func() bool { return strings.Contains(d.parts.jobBar.Items()[0].Numbers, "20 %") })
	if row := d.parts.jobBar.Items()[0]; row.Phase != "Compressing" || row.Button != "Cancel" || !strings.Contains(row.Title, name) {
		t.Errorf("row: %+v", row)
	}
	if !d.parts.snapshot.Disabled() {
		t.Error("one job at a time per VM: the button should wait")
	}
	if !d.attached("dev") {
		t.Error("the keyboard should be back in the terminal")
	}
	close(svc.jobSteps)
	d.until("the row of the timeline", func() bool { return len(d.parts.timeline.Items()) == 1 })
	d.until("the result", d.jobEnded)
	if row := d.parts.jobBar.Items()[0]; row.Failed || !strings.HasPrefix(row.Phase, "Done: 28 MB in ") {
		t.Errorf("row: %+v", row)
	}
	d.jobs.press(d.jobs.rows[0].job.ID)
	if d.parts.jobBar.Visible() {
		t.Error("the result should have been taken away")
	}
}

func TestSnapshotNameIsCheckedAsTyped(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "Taken"))
	d.press("Snapshot")
	d.sheet("Snapshot of dev")
	for _, step := range []struct{ text, says string }{
		{"taken", "This name is taken"},
		{"../x", "It must start with a letter or digit"},
		{"a b", "Only letters, digits"},
		{strings.Repeat("x", 101), "Too long"},
	} {
		d.win.Canvas().Focused().(interface{ SetText(string) }).SetText(step.text)
		sees(t, d.sheetTexts(), step.says)
		d.key(fyne.KeyReturn)
		if len(d.sheets) != 1 {
			t.Fatalf("%q was taken as a name", step.text)
		}
	}
	d.win.Canvas().Focused().(interface{ SetText(string) }).SetText("e\u0301te\u0301")
	d.key(fyne.KeyReturn)
	d.until("the snapshot", func() bool { return d.svc.hasCalled("CreateSnapshot dev été") })
}

// underWay is a window in which a snapshot of a stopped VM is taken, until the fake's
// jobSteps let it end.
func underWay(t *testing.T) *desk {
	t.Helper()
	svc := stopped("dev")
	svc.jobSteps = make(chan struct{})
	d := open(t, svc)
	d.press("Snapshot")
	d.key(fyne.KeyReturn)
	d.until("the job", func() bool { return len(d.parts.jobBar.Items()) == 1 })
	return d
}

func TestCancelledJobLeavesNothing(t *testing.T) {
	d := underWay(t)
	d.press("Cancel")
	d.until("its end", d.jobEnded)
	if row := d.parts.jobBar.Items()[0]; row.Failed || row.Phase != textJobCancelled() {
		t.Errorf("row: %+v", row)
	}
	d.noSheet()
}

// TestNoStartWhileTheDiskIsRead: a start would be refused, so none is offered.
func TestNoStartWhileTheDiskIsRead(t *testing.T) {
	d := underWay(t)
	d.until("no start", func() bool { return d.parts.power.Disabled() && !d.parts.off.Button().Visible() })
	close(d.svc.jobSteps)
	d.until("a start again", func() bool { return !d.parts.power.Disabled() && d.parts.off.Button().Visible() })
}

func TestFailedJobExplains(t *testing.T) {
	svc := stopped("dev")
	svc.failNext("job", errors.New("no room for the file"))
	d := open(t, svc)
	d.press("Snapshot")
	d.key(fyne.KeyReturn)
	d.until("the error", func() bool { return len(d.sheets) == 1 })
	sees(t, d.sheetTexts(), "no room for the file")
	if row := d.parts.jobBar.Items()[0]; !row.Failed || !strings.Contains(row.Phase, "no room for the file") {
		t.Errorf("row: %+v", row)
	}
}

func TestRestoreOfRunningVM(t *testing.T) {
	d := open(t, snapshotted(running(t, "dev"), "newer", "older"))
	d.until("the terminal", func() bool { return d.attached("dev") })
	before := d.console("dev")
	d.parts.timeline.Choose("older")
	d.menu(key(fyne.KeyR))
	d.sheet("Restore “older”?")
	for _, says := range []string{"1.  stopped", "2.  restored", "3.  started again", "kept until the next restore", "(2 hours)"} {
		sees(t, d.sheetTexts(), says)
	}
	d.key(fyne.KeyReturn) // nothing destructive is the default
	d.noSheet()
	if d.svc.hasCalled("RestoreSnapshot dev older true true") {
		t.Fatal("Return restored")
	}
	d.menu(key(fyne.KeyR))
	d.press("Stop, restore and start again")
	d.until("the same VM started anew", func() bool { return d.console("dev") != nil && d.console("dev") != before && d.attached("dev") })
	d.until("the mark", func() bool { return d.parts.timeline.Items()[1].Here == "you are here" })
	d.until("the result", d.jobEnded)
	sees(t, []string{d.parts.jobBar.Items()[0].Phase}, "kept for Undo")
}

func TestRestoreOfStoppedVM(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "newest", "older"))
	d.menu(key(fyne.KeyR))
	d.sheet("Restore “newest”?")
	d.press("Restore")
	d.until("the restore", func() bool { return d.svc.hasCalled("RestoreSnapshot dev newest false false") })
}

func TestUndoOfRestore(t *testing.T) {
	svc := snapshotted(stopped("dev"), "newest")
	d := open(t, svc)
	d.menu(key(fyne.KeyZ))
	sees(t, d.sheetTexts(), "No disk is kept")
	d.press("Close")
	svc.change(func() { svc.vms[0].UndoUsed = 1 << 20 })
	d.until("the kept disk", func() bool { v, _ := d.chosen(); return v.UndoUsed > 0 })
	d.menu(key(fyne.KeyZ))
	sees(t, d.sheetTexts(), "The present disk is kept")
	d.press("Undo the restore")
	d.until("the undo", func() bool { return d.svc.hasCalled("UndoRestore dev false false") })
	d.until("the result", d.jobEnded)
	sees(t, []string{d.parts.jobBar.Items()[0].Phase}, "undoing again swaps the two")
}

func TestUndoOfRunningVM(t *testing.T) {
	svc := snapshotted(running(t, "dev"), "newest")
	svc.vms[0].UndoUsed = 1 << 20
	d := open(t, svc)
	d.until("the terminal", func() bool { return d.attached("dev") })
	d.menu(key(fyne.KeyZ))
	sees(t, d.sheetTexts(), "stopped first, and started again after")
	d.press("Undo the restore")
	d.until("the undo", func() bool { return d.svc.hasCalled("UndoRestore dev true true") })
}

func TestDetailsAndDelete(t *testing.T) {
	svc := snapshotted(stopped("dev"), "one", "two")
	svc.snapshots["dev"][1].Digest = "sha256:abcdef"
	d := open(t, svc)
	if d.parts.details.Visible() {
		t.Error("nothing is chosen yet")
	}
	d.parts.timeline.Choose("two")
	for _, says := range []string{"two", "256 MB (2.5 % of the disk)", "10 GB", "abcdef"} {
		sees(t, texts(d.parts.details), says)
	}
	d.press("Delete…")
	d.sheet("Delete snapshot “two”?")
	d.press("Delete snapshot")
	d.until("its row gone", func() bool { return len(d.parts.timeline.Items()) == 1 })
	if d.parts.details.Visible() || d.parts.timeline.Chosen() != "" {
		t.Error("details of a snapshot that is gone")
	}
}

func TestNewVM(t *testing.T) {
	d := open(t, stopped("default"))
	d.menu(key(fyne.KeyN))
	d.sheet("New VM")
	d.typeText("Default")
	d.until("the check", func() bool { return d.sheets[0].Shown() })
	d.win.Canvas().Focused().(interface{ SetText(string) }).SetText("Default")
	sees(t, d.sheetTexts(), "This name is taken")
	d.win.Canvas().Focused().(interface{ SetText(string) }).SetText("web")
	d.win.Canvas().FocusNext() // the system
	d.win.Canvas().FocusNext() // CPUs
	d.win.Canvas().Focused().(interface{ SetText(string) }).SetText("65")
	sees(t, d.sheetTexts(), "From 1 to 64")
	d.key(fyne.KeyReturn)
	if d.svc.hasCalled("CreateVM web") {
		t.Fatal("65 CPUs were taken")
	}
	d.win.Canvas().Focused().(interface{ SetText(string) }).SetText("3")
	d.key(fyne.KeyReturn)
	d.until("the new VM's terminal", func() bool { return d.attached("web") })
	if v, _ := d.chosen(); v.CPUs != 3 || v.MemoryMB != 768 {
		t.Errorf("made: %+v", v)
	}
}

func TestNewVMIsNotAskedForWithoutItsDefaults(t *testing.T) {
	d := open(t, stopped("default"))
	d.svc.failNext("DefaultVM", errors.New("config.yaml, line 3: it is no text"))
	d.menu(key(fyne.KeyN))
	d.until("the reason", func() bool { return len(d.sheets) == 1 })
	sees(t, d.sheetTexts(), "line 3")
}

func TestDeleteVMWithSnapshotsAsksForItsName(t *testing.T) {
	d := open(t, snapshotted(stopped("dev", "other"), "one"))
	v, _ := d.chosen()
	d.askDeleteVM(v)
	d.sheet("Delete VM “dev”?")
	d.press("Delete VM")
	if len(d.sheets) != 1 {
		t.Fatal("the name was not typed yet")
	}
	d.sheets[0].Show(nil)
	d.closeSheet(d.sheets[0])

	d.askDeleteVM(v)
	d.typeText("dev")
	d.press("Delete VM")
	d.until("it gone", func() bool { return len(d.last.vms) == 1 })
	if !d.svc.hasCalled("DeleteVM dev false") {
		t.Errorf("data must stay unless asked for: %q", d.svc.calls)
	}
}

func TestDeleteRunningVMIsRefused(t *testing.T) {
	d := open(t, running(t, "dev"))
	v, _ := d.chosen()
	d.askDeleteVM(v)
	d.sheet("dev is running")
	d.key(fyne.KeyReturn)
	d.noSheet()
}
