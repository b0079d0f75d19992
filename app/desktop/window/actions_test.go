package window

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"

	"vmterminal/app"
	"vmterminal/app/doctor"
	"vmterminal/app/hostcmd"
	"vmterminal/app/job"
	"vmterminal/app/problem"
)

// do runs the action with the given text.
func (d *desk) do(actions []action, text string) {
	d.t.Helper()
	for _, a := range actions {
		if a.text != nil && a.text() == text {
			i := d.item(a)
			if i.Disabled {
				d.t.Fatalf("action %q is disabled", text)
			}
			i.Action()
			return
		}
	}
	d.t.Fatalf("no action %q", text)
}

func (d *desk) requireDisabled(actions []action, text string) {
	d.t.Helper()
	at := slices.IndexFunc(actions, func(a action) bool { return a.text != nil && a.text() == text })
	if at < 0 || !d.item(actions[at]).Disabled {
		d.t.Errorf("action %q is missing or enabled, want disabled", text)
	}
}

// jobEnded reports whether the bar shows the result of the only job.
func (d *desk) jobEnded() bool {
	items := d.jobBar.Items()
	return len(items) == 1 && items[0].Ended
}

// setText types into the focused entry.
func (d *desk) setText(text string) {
	d.t.Helper()
	d.win.Canvas().Focused().(interface{ SetText(string) }).SetText(text)
}

func TestPauseAndResume(t *testing.T) {
	d := open(t, running(t, "dev"))
	d.do(d.vmDialogs.actions(), "Pause")
	d.until("dev paused", func() bool { v, _ := d.selected(); return v.State == app.Paused })
	d.svc.change(func() { d.svc.vms[0].PauseReason.Code = app.PauseDiskFull })
	d.until("the hint about the pause", func() bool {
		return strings.HasPrefix(d.header.state.Text, "paused  ·  the host's disk is full; free some space, then resume  ·  ")
	})
	d.do(d.vmDialogs.actions(), "Resume")
	d.until("dev running", func() bool { v, _ := d.selected(); return v.State == app.Running })
}

func TestRestart(t *testing.T) {
	d := open(t, running(t, "dev"))
	d.until("the terminal", func() bool { return d.attached("dev") })
	before := d.console("dev")
	d.do(d.vmDialogs.actions(), "Restart")
	d.until("the console after the restart", func() bool { return d.console("dev") != nil && d.console("dev") != before && d.attached("dev") })
	if !d.svc.hasCalled("Stop dev false") {
		t.Errorf("the guest was not shut down: calls %q", d.svc.calls)
	}
}

func TestDisabledActionsOfStoppedVM(t *testing.T) {
	d := open(t, stopped("dev"))
	for _, text := range []string{"Pause", "Restart", "Force off…", "Make active"} {
		d.requireDisabled(d.vmDialogs.actions(), text)
	}
}

func TestSettingsOfStoppedVM(t *testing.T) {
	svc := stopped("dev", "other")
	svc.vms[0].CPUs, svc.vms[0].MemoryMB, svc.vms[0].Accel = 2, 512, "auto"
	d := open(t, svc)
	d.do(d.vmDialogs.actions(), "Settings…")
	d.awaitDialog("Settings of dev")
	requireText(t, d.dialogTexts(), "This computer has 8")
	d.setText("other")
	requireText(t, d.dialogTexts(), "This name is already in use")
	d.setText("web")
	d.win.Canvas().FocusNext()
	d.setText("4")
	d.key(fyne.KeyReturn)
	d.until("the new name and CPUs", func() bool { v, ok := d.last.vm("web"); return ok && v.CPUs == 4 })
	if d.last.selected != "web" {
		t.Errorf("selected VM: got %q, want web", d.last.selected)
	}
}

func TestNetworkSettings(t *testing.T) {
	svc := stopped("dev")
	svc.vms[0].CPUs, svc.vms[0].MemoryMB, svc.vms[0].Accel = 2, 512, "auto"
	svc.vms[0].Forwards = []app.Forward{{Host: 2222, Guest: 22}, {Host: 8080, Guest: 80}}
	d := open(t, svc)
	d.do(d.vmDialogs.actions(), "Settings…")
	d.awaitDialog("Settings of dev")
	for range 4 { // name, CPUs, memory, disk
		d.win.Canvas().FocusNext()
	}
	d.win.Canvas().FocusNext() // accelerator
	d.setText("8080:80, 8080:81")
	requireText(t, d.dialogTexts(), "each host port once")
	d.setText("8080:80 9090:90")
	d.win.Canvas().FocusNext()
	d.win.Canvas().Focused().TypedRune(' ')
	d.press("Save")
	d.until("the network settings", func() bool {
		v, ok := d.last.vm("dev")
		return ok && v.Isolated && slices.Equal(v.Forwards, []app.Forward{{Host: 8080, Guest: 80}, {Host: 9090, Guest: 90}})
	})
}

func TestUnchangedSettingsAreNotSaved(t *testing.T) {
	svc := stopped("dev")
	svc.vms[0].CPUs, svc.vms[0].MemoryMB, svc.vms[0].Accel = 2, 512, "auto"
	d := open(t, svc)
	d.do(d.vmDialogs.actions(), "Settings…")
	d.awaitDialog("Settings of dev")
	d.key(fyne.KeyReturn)
	d.requireNoDialog()
	if d.svc.hasCalled("SetVM dev") || d.svc.hasCalled("RenameVM dev dev") {
		t.Errorf("unexpected calls: %q", d.svc.calls)
	}
}

func TestSettingsOfRunningVMDisableFields(t *testing.T) {
	svc := running(t, "dev")
	svc.vms[0].CPUs, svc.vms[0].MemoryMB = 2, 512
	d := open(t, svc)
	d.do(d.vmDialogs.actions(), "Settings…")
	d.awaitDialog("Settings of dev")
	requireText(t, d.dialogTexts(), "accelerator, network and shared folders take effect at the next start")
	requireText(t, d.dialogTexts(), "while the VM is stopped")
}

func TestSettingsOfRunningVMShowActiveForwards(t *testing.T) {
	svc := running(t, "dev")
	svc.vms[0].CPUs, svc.vms[0].MemoryMB = 2, 512
	svc.vms[0].Forwards = []app.Forward{{Host: 2222, Guest: 22}, {Host: 8080, Guest: 80}}
	svc.vms[0].ForwardsNow = []app.Forward{{Host: 2222, Guest: 22}, {Host: 9090, Guest: 90}}
	d := open(t, svc)
	d.do(d.vmDialogs.actions(), "Settings…")
	d.awaitDialog("Settings of dev")
	for _, text := range []string{"Forwarded ports take effect at once", "From the next start: 8080:80", "Until the VM stops: 9090:90"} {
		requireText(t, d.dialogTexts(), text)
	}
}

func TestCloneVM(t *testing.T) {
	d := open(t, stopped("dev"))
	d.do(d.vmDialogs.actions(), "Clone…")
	d.awaitDialog("Clone dev")
	d.setText("dev2")
	d.key(fyne.KeyReturn)
	d.until("the new VM", func() bool { _, ok := d.last.vm("dev2"); return ok })
	d.until("the result", d.jobEnded)
	requireText(t, []string{d.jobBar.Items()[0].Phase}, "dev2 is ready to start")
}

func TestTemporaryVMCannotRestart(t *testing.T) {
	d := open(t, stopped("dev"))
	for _, temporary := range []bool{false, true} {
		v := app.VM{Name: "dev", State: app.Running, Temporary: temporary}
		if got := d.vmDialogs.power.canRestart(v); got == temporary {
			t.Errorf("canRestart of a running VM, temporary %v: got %v, want %v", temporary, got, !temporary)
		}
	}
}

func TestVMFromSnapshot(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "one"))
	d.timeline.list.SetCurrent("one")
	d.do(d.timeline.snapshotActions(), "New VM from snapshot…")
	d.awaitDialog("New VM from “one”")
	d.setText("two")
	d.key(fyne.KeyReturn)
	d.until("the new VM", func() bool { return d.svc.hasCalled("CloneSnapshot dev one two") })

	d.do(d.timeline.snapshotActions(), "New VM from snapshot…")
	d.awaitDialog("New VM from “one”")
	d.setText("three")
	d.check("Start it now").SetChecked(true)
	d.press("Create")
	d.until("the started VM", func() bool { return d.svc.hasCalled("CloneSnapshot and start dev one three") })
}

func TestTrySnapshot(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "one"))
	d.timeline.list.SetCurrent("one")
	d.do(d.timeline.snapshotActions(), "Try this snapshot")
	d.until("the temporary VM", func() bool { _, ok := d.last.vm("one-try-1"); return ok })
	d.until("the result", d.jobEnded)
	requireText(t, []string{d.jobBar.Items()[0].Phase}, "one-try-1 is running, and is deleted when it stops")

	d.selectVM("one-try-1")
	d.vmDialogs.power.startOrStop()
	d.awaitDialog("Stop one-try-1?")
	requireText(t, d.dialogTexts(), "it is deleted when it stops")
	d.press("Cancel")
	d.do(d.vmDialogs.actions(), "Keep temporary VM")
	d.until("the kept VM", func() bool {
		v, _ := d.last.vm("one-try-1")
		return d.svc.hasCalled("KeepVM one-try-1") && !v.Temporary
	})
	d.vmDialogs.power.startOrStop()
	d.until("the stopped VM", func() bool { v, _ := d.last.vm("one-try-1"); return v.State == app.Stopped })
}

func TestRenameInPlace(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "one", "two"))
	d.timeline.list.SetCurrent("two")
	d.do(d.timeline.snapshotActions(), "Rename")
	d.setText("one")
	d.key(fyne.KeyReturn)
	if !d.timeline.details.name.Editing() {
		t.Fatal("an existing name was accepted")
	}
	d.key(fyne.KeyEscape)
	if d.timeline.details.name.Editing() || d.svc.hasCalled("RenameSnapshot dev two one") {
		t.Fatal("Escape did not discard the typed name")
	}
	d.do(d.timeline.snapshotActions(), "Rename")
	d.setText("before-upgrade")
	d.key(fyne.KeyReturn)
	d.until("the new name selected", func() bool { return d.timeline.list.Current() == "before-upgrade" })
}

func TestDescribeInPlace(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "one"))
	d.timeline.list.SetCurrent("one")
	requireText(t, texts(d.timeline.details.box), "Add a description…")
	d.timeline.details.about.Tapped(nil)
	d.setText("Before the upgrade")
	d.key(fyne.KeyReturn)
	d.until("the description", func() bool { return slices.Contains(texts(d.timeline.details.box), "Before the upgrade") })
	if d.win.Canvas().Focused() != fyne.Focusable(d.timeline.list) {
		t.Error("the timeline does not have the focus")
	}
}

func TestPinAndVerify(t *testing.T) {
	svc := snapshotted(stopped("dev"), "one")
	d := open(t, svc)
	d.requireDisabled(d.timeline.snapshotActions(), "Verify") // no snapshot is selected
	d.timeline.list.SetCurrent("one")
	d.do(d.timeline.snapshotActions(), "Pin")
	d.until("the pinned snapshot", func() bool { return len(d.last.snapshots) == 1 && d.last.snapshots[0].Pinned })
	requireText(t, []string{d.timeline.list.Items()[0].Detail}, "pinned")
	d.do(d.timeline.snapshotActions(), "Unpin")
	d.until("the unpinned snapshot", func() bool { return !d.last.snapshots[0].Pinned })
	d.do(d.timeline.snapshotActions(), "Verify")
	d.until("the result", d.jobEnded)
	requireText(t, []string{d.jobBar.Items()[0].Phase}, "all data decompressed and checked")
}

func TestVerifyAllContinuesAfterDamage(t *testing.T) {
	svc := snapshotted(stopped("dev"), "one", "two")
	svc.failNext("job", errors.New("chunk 7 is damaged"))
	d := open(t, svc)
	d.do(d.timeline.storeActions(), "Verify all")
	d.until("both jobs", func() bool {
		return d.svc.hasCalled("VerifySnapshot dev one") && d.svc.hasCalled("VerifySnapshot dev two")
	})
	d.until("the error about the damage", func() bool { return len(d.modal.dialogs) > 0 })
	requireText(t, d.dialogTexts(), "chunk 7 is damaged")
}

func TestExportAsksForFile(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_DOWNLOAD_DIR", "")
	d := open(t, snapshotted(stopped("dev"), "one"))
	d.timeline.list.SetCurrent("one")
	d.do(d.timeline.snapshotActions(), "Export…")
	d.awaitDialog("Export “one”")
	d.setText("relative.gz")
	requireText(t, d.dialogTexts(), "Enter a full path")
	d.setText("~/one.raw.gz")
	d.key(fyne.KeyReturn)
	home := expandHome("~/one.raw.gz")
	if !filepath.IsAbs(home) {
		t.Fatal(home)
	}
	d.until("the export", func() bool { return d.svc.hasCalled("ExportSnapshotFile dev one " + home) })
}

func TestImportAndDrop(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "one"))
	d.do(d.timeline.storeActions(), "Import…")
	d.awaitDialog("Import a snapshot into dev")
	d.setText("https://example.org/x.raw.gz")
	d.key(fyne.KeyReturn)
	d.until("the import", func() bool { return d.svc.hasCalled("ImportSnapshot dev https://example.org/x.raw.gz ") })
	d.until("the end of the job", d.jobEnded)

	d.snapshotDialogs.onDropped(fyne.Position{}, []fyne.URI{storage.NewFileURI("/a/dropped.raw.gz")})
	d.awaitDialog("Import a snapshot into dev")
	d.win.Canvas().FocusNext() // Choose a file
	d.win.Canvas().FocusNext() // Name
	d.setText("one")
	requireText(t, d.dialogTexts(), "This name is already in use")
	d.setText("fresh")
	d.key(fyne.KeyReturn)
	d.until("the import", func() bool { return d.svc.hasCalled("ImportSnapshot dev /a/dropped.raw.gz fresh") })
}

func TestBannerOffersUndo(t *testing.T) {
	svc := snapshotted(stopped("dev"), "one")
	svc.vms[0].UndoUsed, svc.undoSince, svc.restored = 3<<30, time.Now().Add(-3*time.Hour), "one"
	d := open(t, svc)
	requireText(t, texts(d.noticeBar.banner), "dev was restored to “one” 3 h ago. The previous disk is kept (3.0 GiB).")
	d.press("Discard undo disk…")
	d.awaitDialog("Discard the undo disk of dev?")
	d.key(fyne.KeyReturn)
	d.requireNoDialog()
	if d.svc.hasCalled("DiscardUndo dev") {
		t.Fatal("Return discarded the undo disk")
	}
	d.press("Undo restore…")
	d.awaitDialog("Undo the last restore of dev?")
	d.key(fyne.KeyEscape)
	d.press("Discard undo disk…")
	d.press("Discard undo disk")
	d.until("no banner", func() bool { return !d.noticeBar.banner.Visible() })
}

func TestBannerIgnoresOldRestores(t *testing.T) {
	svc := snapshotted(stopped("dev"), "one")
	svc.vms[0].UndoUsed, svc.undoSince = 3<<30, time.Now().Add(-undoNoticePeriod-time.Minute)
	d := open(t, svc)
	if d.noticeBar.banner.Visible() {
		t.Errorf("banner: got %q, want it hidden", texts(d.noticeBar.banner))
	}
}

func TestBannerShowsHostFindings(t *testing.T) {
	svc := stopped("dev")
	svc.findings = []doctor.Finding{noQEMU, {Subject: doctor.SubjectAccelerator, Status: doctor.Note, Code: doctor.AccelNoDevice}}
	d := open(t, svc)
	d.until("the banner", func() bool { return d.noticeBar.banner.Visible() })
	requireText(t, texts(d.noticeBar.banner), "QEMU is not installed")
	d.press("Copy command")
	want, _ := hostcmd.Install(noQEMU.Fixes[0].Tools...)
	if got := d.app.Clipboard().Content(); got != want {
		t.Errorf("copied: got %q, want %q", got, want)
	}
	d.noticeBar.banner.OnClose()
	requireText(t, texts(d.noticeBar.banner), "VMs run several times slower: /dev/kvm does not exist")
	d.noticeBar.banner.OnClose()
	if d.noticeBar.banner.Visible() {
		t.Errorf("both notices were closed, but the banner shows %q", texts(d.noticeBar.banner))
	}
	d.noticeBar.recheckHost()
	d.until("the serious notice again", func() bool { return d.noticeBar.banner.Visible() })
	d.noticeBar.banner.OnClose()
	if d.noticeBar.banner.Visible() {
		t.Error("the closed persistent notice is shown again")
	}
	svc.change(func() { svc.findings[0].Code = doctor.QEMUTooOld })
	d.noticeBar.recheckHost()
	d.until("the banner", func() bool { return d.noticeBar.banner.Visible() })
	svc.change(func() { svc.findings = nil })
	d.press("Check again")
	d.until("the banner to disappear", func() bool { return !d.noticeBar.banner.Visible() })
}

// A note from the Service is shown until the user closes it.
func TestBannerShowsNotes(t *testing.T) {
	d := open(t, stopped("dev"))
	note := problem.Note{Code: problem.NoteStoreOtherOwner, Path: "/store", User: "eve"}
	const want = "The store /store belongs to eve, who can change everything in it."
	d.svc.note(note)
	d.until("the note", func() bool { return d.noticeBar.banner.Visible() })
	requireText(t, texts(d.noticeBar.banner), want)
	d.svc.note(note)
	d.pump.run()
	d.noticeBar.banner.OnClose()
	if d.noticeBar.banner.Visible() {
		t.Errorf("the note was closed, but the banner shows %q", texts(d.noticeBar.banner))
	}
}

func TestStorage(t *testing.T) {
	svc := snapshotted(stopped("dev", "other"), "one", "two")
	svc.snapshots["dev"][0].Frees = 12 << 20
	d := open(t, svc)
	d.storage.askStorage()
	d.awaitDialog("Storage")
	for _, want := range []string{"20 GiB of 100 GiB free", "images use 3.0 GiB", "dev  ·  2 snapshots", "256 MiB, deleting it frees 12 MiB", "other  ·  0 snapshots"} {
		requireText(t, d.dialogTexts(), want)
	}
}

func TestJobHistory(t *testing.T) {
	svc := stopped("dev")
	d := open(t, svc)
	d.storage.askJobHistory()
	d.awaitDialog("Job history")
	requireText(t, d.dialogTexts(), "No completed jobs yet.")
	d.key(fyne.KeyEscape)
	svc.change(func() {
		svc.history = []app.EndedJob{
			{Ended: time.Now().Add(-2 * time.Hour), Kind: job.Restore, VM: "dev", Subject: "one", TookMS: 1500, Outcome: job.Done},
			{Ended: time.Now().Add(-3 * time.Hour), Kind: job.Verify, VM: "dev", Subject: "two", TookMS: 900, Outcome: job.Failed, Error: "chunk 7 is damaged"},
		}
	})
	d.storage.askJobHistory()
	d.until("the jobs", func() bool { return slices.Contains(d.dialogTexts(), "Restore “one” in dev") })
	for _, want := range []string{"done 2 h ago, in 1.5 s", "Verify “two” of dev", "failed 3 h ago, after 900 ms", "chunk 7 is damaged"} {
		requireText(t, d.dialogTexts(), want)
	}
	d.press("Copy details")
	if got := d.app.Clipboard().Content(); got != "chunk 7 is damaged" {
		t.Errorf("copied: got %q, want the error of the job", got)
	}
}

func TestUsageIsShown(t *testing.T) {
	svc := running(t, "dev")
	svc.vms[0].MemoryUsed, svc.vms[0].CPUTime = 300<<20, 10*time.Second
	start := time.Now()
	svc.clock = start
	d := open(t, svc)
	requireText(t, texts(d.win.Content()), "memory 300 MiB")
	after := func(at, spent time.Duration) {
		svc.change(func() { svc.clock, svc.vms[0].CPUTime = start.Add(at), 10*time.Second+spent })
		d.until("a reading", func() bool { return d.last.at.Equal(start.Add(at)) })
	}
	after(4*time.Second, 5*time.Second)
	requireText(t, texts(d.win.Content()), "CPU 125 %")
	after(8*time.Second, 5*time.Second) // too soon for another measurement
	requireText(t, texts(d.win.Content()), "CPU 125 %")
	after(14*time.Second, 6*time.Second)
	requireText(t, texts(d.win.Content()), "CPU 10 %")
}
