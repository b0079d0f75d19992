//go:build !nogui

package desktop

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
)

// do does the action with that text, as a menu would.
func (d *desk) do(actions []action, text string) {
	d.t.Helper()
	for _, a := range actions {
		if a.text != nil && a.text() == text {
			i := d.item(a)
			if i.Disabled {
				d.t.Fatalf("%q cannot be done", text)
			}
			i.Action()
			return
		}
	}
	d.t.Fatalf("there is no %q", text)
}

func (d *desk) cannot(actions []action, text string) {
	d.t.Helper()
	at := slices.IndexFunc(actions, func(a action) bool { return a.text != nil && a.text() == text })
	if at < 0 || !d.item(actions[at]).Disabled {
		d.t.Errorf("%q should be there, and not to be done now", text)
	}
}

// jobEnded tells whether the bar shows how the only job ended.
func (d *desk) jobEnded() bool {
	items := d.parts.jobBar.Items()
	return len(items) == 1 && items[0].Ended
}

// setText types into what has the focus.
func (d *desk) setText(text string) {
	d.t.Helper()
	d.win.Canvas().Focused().(interface{ SetText(string) }).SetText(text)
}

func TestPauseAndResume(t *testing.T) {
	d := open(t, running(t, "dev"))
	d.do(d.vmActions(), "Pause")
	d.until("it held", func() bool { v, _ := d.chosen(); return v.State == app.Paused })
	d.svc.change(func() { d.svc.vms[0].Problem = "the host's disk is full; free some space, then resume" })
	d.until("why it stands still", func() bool {
		return strings.HasPrefix(d.parts.state.Text, "paused  ·  the host's disk is full; free some space, then resume  ·  ")
	})
	d.do(d.vmActions(), "Resume")
	d.until("it going on", func() bool { v, _ := d.chosen(); return v.State == app.Running })
}

func TestRestart(t *testing.T) {
	d := open(t, running(t, "dev"))
	d.until("the terminal", func() bool { return d.attached("dev") })
	before := d.console("dev")
	d.do(d.vmActions(), "Restart")
	d.until("it running anew", func() bool { return d.console("dev") != nil && d.console("dev") != before && d.attached("dev") })
	if !d.svc.hasCalled("Stop dev false") {
		t.Errorf("the guest was not told: %q", d.svc.calls)
	}
}

func TestWhatAStoppedVMCannotDo(t *testing.T) {
	d := open(t, stopped("dev"))
	for _, text := range []string{"Pause", "Restart", "Cut the power…", "Make it the active VM"} {
		d.cannot(d.vmActions(), text)
	}
}

func TestSettingsOfStoppedVM(t *testing.T) {
	svc := stopped("dev", "other")
	svc.vms[0].CPUs, svc.vms[0].MemoryMB, svc.vms[0].Accel = 2, 512, "auto"
	d := open(t, svc)
	d.do(d.vmActions(), "Settings…")
	d.sheet("Settings of dev")
	sees(t, d.sheetTexts(), "This computer has 8")
	d.setText("other")
	sees(t, d.sheetTexts(), "This name is taken")
	d.setText("web")
	d.win.Canvas().FocusNext()
	d.setText("4")
	d.key(fyne.KeyReturn)
	d.until("both", func() bool { v, ok := d.last.vm("web"); return ok && v.CPUs == 4 })
	if d.last.chosen != "web" {
		t.Errorf("on the window: %q", d.last.chosen)
	}
}

func TestNetworkInTheSettings(t *testing.T) {
	svc := stopped("dev")
	svc.vms[0].CPUs, svc.vms[0].MemoryMB, svc.vms[0].Accel = 2, 512, "auto"
	svc.vms[0].Forwards = []app.Forward{{Host: 2222, Guest: 22}, {Host: 8080, Guest: 80}}
	d := open(t, svc)
	d.do(d.vmActions(), "Settings…")
	d.sheet("Settings of dev")
	for range 4 { // name, CPUs, memory, disk
		d.win.Canvas().FocusNext()
	}
	d.win.Canvas().FocusNext() // accelerator
	d.setText("8080:80, 8080:81")
	sees(t, d.sheetTexts(), "each of this computer once")
	d.setText("8080:80 9090:90")
	d.win.Canvas().FocusNext()
	d.win.Canvas().Focused().TypedRune(' ')
	d.press("Save")
	d.until("the network", func() bool {
		v, ok := d.last.vm("dev")
		return ok && v.Isolated && slices.Equal(v.Forwards, []app.Forward{{Host: 8080, Guest: 80}, {Host: 9090, Guest: 90}})
	})
}

func TestSettingsUnchangedChangeNothing(t *testing.T) {
	svc := stopped("dev")
	svc.vms[0].CPUs, svc.vms[0].MemoryMB, svc.vms[0].Accel = 2, 512, "auto"
	d := open(t, svc)
	d.do(d.vmActions(), "Settings…")
	d.sheet("Settings of dev")
	d.key(fyne.KeyReturn)
	d.noSheet()
	if d.svc.hasCalled("SetVM dev") || d.svc.hasCalled("RenameVM dev dev") {
		t.Errorf("calls: %q", d.svc.calls)
	}
}

func TestSettingsOfRunningVMSayWhatNeedsAStop(t *testing.T) {
	svc := running(t, "dev")
	svc.vms[0].CPUs, svc.vms[0].MemoryMB = 2, 512
	d := open(t, svc)
	d.do(d.vmActions(), "Settings…")
	d.sheet("Settings of dev")
	sees(t, d.sheetTexts(), "accelerator, network and shared folders count from the next start on")
	sees(t, d.sheetTexts(), "once it is stopped")
}

func TestSettingsOfRunningVMSayWhichForwardsAreInEffect(t *testing.T) {
	svc := running(t, "dev")
	svc.vms[0].CPUs, svc.vms[0].MemoryMB = 2, 512
	svc.vms[0].Forwards = []app.Forward{{Host: 2222, Guest: 22}, {Host: 8080, Guest: 80}}
	svc.vms[0].ForwardsNow = []app.Forward{{Host: 2222, Guest: 22}, {Host: 9090, Guest: 90}}
	d := open(t, svc)
	d.do(d.vmActions(), "Settings…")
	d.sheet("Settings of dev")
	for _, text := range []string{"Forwarded ports count at once", "From the next start on: 8080:80", "Until it stops: 9090:90"} {
		sees(t, d.sheetTexts(), text)
	}
}

func TestCloneVM(t *testing.T) {
	d := open(t, stopped("dev"))
	d.do(d.vmActions(), "Clone…")
	d.sheet("Clone dev")
	d.setText("dev2")
	d.key(fyne.KeyReturn)
	d.until("the new VM", func() bool { _, ok := d.last.vm("dev2"); return ok })
	d.until("the result", d.jobEnded)
	sees(t, []string{d.parts.jobBar.Items()[0].Phase}, "dev2 can be started")
}

func TestVMFromSnapshot(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "one"))
	d.parts.timeline.Choose("one")
	d.do(d.snapshotActions(), "New VM from this…")
	d.sheet("New VM from “one”")
	d.setText("two")
	d.key(fyne.KeyReturn)
	d.until("the new VM", func() bool { return d.svc.hasCalled("CloneSnapshot dev one two") })
}

func TestRenameInPlace(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "one", "two"))
	d.parts.timeline.Choose("two")
	d.do(d.snapshotActions(), "Rename")
	d.setText("one")
	d.key(fyne.KeyReturn)
	if !d.parts.detailName.Editing() {
		t.Fatal("a name that is taken must not pass")
	}
	d.key(fyne.KeyEscape)
	if d.parts.detailName.Editing() || d.svc.hasCalled("RenameSnapshot dev two one") {
		t.Fatal("Escape must drop what was typed")
	}
	d.do(d.snapshotActions(), "Rename")
	d.setText("before-upgrade")
	d.key(fyne.KeyReturn)
	d.until("the new name chosen", func() bool { return d.parts.timeline.Chosen() == "before-upgrade" })
}

func TestDescribeInPlace(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "one"))
	d.parts.timeline.Choose("one")
	sees(t, texts(d.parts.details), "Add a description…")
	d.parts.detailAbout.Tapped(nil)
	d.setText("worth going back to")
	d.key(fyne.KeyReturn)
	d.until("the description", func() bool { return slices.Contains(texts(d.parts.details), "worth going back to") })
	if d.win.Canvas().Focused() != fyne.Focusable(d.parts.timeline) {
		t.Error("the keyboard should be back in the timeline")
	}
}

func TestPinAndVerify(t *testing.T) {
	svc := snapshotted(stopped("dev"), "one")
	d := open(t, svc)
	d.cannot(d.snapshotActions(), "Verify") // none is chosen
	d.parts.timeline.Choose("one")
	d.do(d.snapshotActions(), "Pin: keep it from pruning")
	d.until("the badge", func() bool { return len(d.last.snapshots) == 1 && d.last.snapshots[0].Pinned })
	sees(t, []string{d.parts.timeline.Items()[0].Detail}, "pinned")
	d.do(d.snapshotActions(), "Unpin")
	d.until("no badge", func() bool { return !d.last.snapshots[0].Pinned })
	d.do(d.snapshotActions(), "Verify")
	d.until("the result", d.jobEnded)
	sees(t, []string{d.parts.jobBar.Items()[0].Phase}, "all was unpacked and compared")
}

func TestVerifyAllGoesOnAfterDamage(t *testing.T) {
	svc := snapshotted(stopped("dev"), "one", "two")
	svc.failNext("job", errors.New("chunk 7 is damaged"))
	d := open(t, svc)
	d.do(d.storeActions(), "Verify all")
	d.until("both", func() bool {
		return d.svc.hasCalled("VerifySnapshot dev one") && d.svc.hasCalled("VerifySnapshot dev two")
	})
	d.until("the damage told", func() bool { return len(d.sheets) > 0 })
	sees(t, d.sheetTexts(), "chunk 7 is damaged")
}

func TestExportAsksForAFile(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_DOWNLOAD_DIR", "")
	d := open(t, snapshotted(stopped("dev"), "one"))
	d.parts.timeline.Choose("one")
	d.do(d.snapshotActions(), "Export…")
	d.sheet("Export “one”")
	d.setText("relative.gz")
	sees(t, d.sheetTexts(), "A whole path is needed")
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
	d.do(d.storeActions(), "Import…")
	d.sheet("Import a snapshot into dev")
	d.setText("https://example.org/x.raw.gz")
	d.key(fyne.KeyReturn)
	d.until("the import", func() bool { return d.svc.hasCalled("ImportSnapshot dev https://example.org/x.raw.gz ") })
	d.until("its end", d.jobEnded)

	d.dropped(fyne.Position{}, []fyne.URI{storage.NewFileURI("/a/dropped.raw.gz")})
	d.sheet("Import a snapshot into dev")
	d.win.Canvas().FocusNext() // Choose a file
	d.win.Canvas().FocusNext() // Name
	d.setText("one")
	sees(t, d.sheetTexts(), "This name is taken")
	d.setText("fresh")
	d.key(fyne.KeyReturn)
	d.until("the import", func() bool { return d.svc.hasCalled("ImportSnapshot dev /a/dropped.raw.gz fresh") })
}

func TestBannerOffersUndo(t *testing.T) {
	svc := snapshotted(stopped("dev"), "one")
	svc.vms[0].UndoUsed, svc.undoSince, svc.restored = 3<<30, time.Now(), "one"
	d := open(t, svc)
	sees(t, texts(d.parts.banner), "dev went back to “one” just now. The disk before is kept (3.0 GB).")
	d.press("Discard the kept disk…")
	d.sheet("Discard the kept disk of dev?")
	d.key(fyne.KeyReturn)
	d.noSheet()
	if d.svc.hasCalled("DiscardUndo dev") {
		t.Fatal("Return must not discard")
	}
	d.press("Undo the restore…")
	d.sheet("Undo the last restore of dev?")
	d.key(fyne.KeyEscape)
	d.press("Discard the kept disk…")
	d.press("Discard the kept disk")
	d.until("no banner", func() bool { return !d.parts.banner.Visible() })
}

func TestBannerForgetsOldRestores(t *testing.T) {
	svc := snapshotted(stopped("dev"), "one")
	svc.vms[0].UndoUsed, svc.undoSince = 3<<30, time.Now().Add(-undoFor-time.Minute)
	d := open(t, svc)
	if d.parts.banner.Visible() {
		t.Errorf("it says %q", texts(d.parts.banner))
	}
}

func TestBannerTellsOfTheHost(t *testing.T) {
	svc := stopped("dev")
	svc.checks = []app.Check{
		{Name: "QEMU", State: app.CheckMissing, Found: "QEMU is not installed", Mend: "sudo apt-get install qemu-system-x86"},
		{Name: "accelerator", State: app.CheckNote, Found: "tcg, several times as slow: no /dev/kvm"},
	}
	d := open(t, svc)
	d.until("the banner", func() bool { return d.parts.banner.Visible() })
	sees(t, texts(d.parts.banner), "QEMU is not installed")
	d.press("Copy the command")
	if got := d.app.Clipboard().Content(); got != "sudo apt-get install qemu-system-x86" {
		t.Errorf("copied: %q", got)
	}
	d.parts.banner.OnClose()
	sees(t, texts(d.parts.banner), "VMs run several times slower here: no /dev/kvm")
	d.parts.banner.OnClose()
	if d.parts.banner.Visible() {
		t.Errorf("both were closed, and it says %q", texts(d.parts.banner))
	}
	d.checkHost()
	d.until("the grave one told again", func() bool { return d.parts.banner.Visible() })
	d.parts.banner.OnClose()
	if d.parts.banner.Visible() {
		t.Error("who knows that VMs are slow here needs not be told again")
	}
	svc.change(func() { svc.checks[0].Found = "QEMU is too old" })
	d.checkHost()
	d.until("it", func() bool { return d.parts.banner.Visible() })
	svc.change(func() { svc.checks = nil })
	d.press("Look again")
	d.until("all well", func() bool { return !d.parts.banner.Visible() })
}

func TestStorage(t *testing.T) {
	svc := snapshotted(stopped("dev", "other"), "one", "two")
	svc.snapshots["dev"][0].Frees = 12 << 20
	d := open(t, svc)
	d.askStorage()
	d.sheet("Storage")
	for _, says := range []string{"20 GB of 100 GB are free", "new VMs take 3.0 GB", "dev  ·  2 snapshots", "256 MB, deleting it gives back 12 MB", "other  ·  0 snapshots"} {
		sees(t, d.sheetTexts(), says)
	}
}

func TestJobHistory(t *testing.T) {
	svc := stopped("dev")
	d := open(t, svc)
	d.askJobHistory()
	d.sheet("Job history")
	sees(t, d.sheetTexts(), "No job has ended yet.")
	d.key(fyne.KeyEscape)
	svc.change(func() {
		svc.history = []app.EndedJob{
			{Ended: time.Now().Add(-5 * time.Minute), Kind: app.JobRestore, VM: "dev", Subject: "one", TookMS: 1500, Outcome: app.JobDone},
			{Ended: time.Now().Add(-3 * time.Hour), Kind: app.JobVerify, VM: "dev", Subject: "two", TookMS: 900, Outcome: app.JobFailed, Error: "chunk 7 is damaged"},
		}
	})
	d.askJobHistory()
	d.until("the jobs", func() bool { return slices.Contains(d.sheetTexts(), "Restore “one” in dev") })
	for _, says := range []string{"done 5 min ago, in 1.5 s", "Verify “two” of dev", "failed 3 h ago, after 900 ms", "chunk 7 is damaged"} {
		sees(t, d.sheetTexts(), says)
	}
	d.press("Copy details")
	if got := d.app.Clipboard().Content(); got != "chunk 7 is damaged" {
		t.Errorf("copied: %q", got)
	}
}

func TestUsageIsTold(t *testing.T) {
	svc := running(t, "dev")
	svc.vms[0].MemoryUsed, svc.vms[0].CPUTime = 300<<20, 10*time.Second
	d := open(t, svc)
	sees(t, texts(d.win.Content()), "memory 300 MB")
	start := d.last.at
	after := func(at, spent time.Duration) {
		d.now = func() time.Time { return start.Add(at) }
		svc.change(func() { svc.vms[0].CPUTime = 10*time.Second + spent })
		d.until("a reading", func() bool { return d.last.at.Equal(start.Add(at)) })
	}
	after(4*time.Second, 5*time.Second)
	sees(t, texts(d.win.Content()), "CPU 125 %")
	after(8*time.Second, 5*time.Second) // too soon for another figure
	sees(t, texts(d.win.Content()), "CPU 125 %")
	after(14*time.Second, 6*time.Second)
	sees(t, texts(d.win.Content()), "CPU 10 %")
}
