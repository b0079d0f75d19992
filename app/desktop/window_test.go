//go:build !nogui

package desktop

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"vmterminal/app"
)

// stopped is a Service with one stopped VM.
func stopped(names ...string) *fakeService {
	f := &fakeService{}
	for i, name := range names {
		f.vms = append(f.vms, app.VM{Name: name, Active: i == 0, State: app.Stopped, DiskSize: 10 << 30, DiskUsed: 66 << 20})
	}
	return f
}

// running is a Service whose first VM runs.
func running(t *testing.T, names ...string) *fakeService {
	t.Helper()
	f := stopped(names...)
	if err := f.Start(t.Context(), names[0], app.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	return f
}

// snapshotted gives the VM dev snapshots, newest first, an hour apart.
func snapshotted(f *fakeService, names ...string) *fakeService {
	const vm = "dev"
	f.snapshots = map[string][]app.Snapshot{}
	for i, name := range names {
		f.snapshots[vm] = append(f.snapshots[vm], app.Snapshot{
			Name: name, VM: vm, Created: time.Now().Add(-time.Duration(i+1) * time.Hour),
			DiskSize: 10 << 30, FileSize: 256 << 20, Taken: "stopped", State: "ok",
		})
	}
	return f
}

func TestFirstVMIsOnePressAway(t *testing.T) {
	d := open(t, &fakeService{})
	if !d.parts.card.Visible() || d.parts.all.Visible() {
		t.Fatal("without a VM there must be the card, and nothing else")
	}
	if d.win.Canvas().Focused() != fyne.Focusable(d.parts.firstRun.Button()) {
		t.Error("Return should be enough: the button has not the focus")
	}
	d.key(fyne.KeyReturn)
	d.until("the first VM's terminal", func() bool { return d.attached("default") })
	if d.parts.card.Visible() || !d.parts.all.Visible() {
		t.Error("the card should have gone")
	}
	if d.win.Title() != "VMTerminal — default" {
		t.Errorf("title is %q", d.win.Title())
	}
	d.typeText("ls")
	d.key(fyne.KeyReturn)
	d.until("what was typed", func() bool { return d.console("default").typed() == "ls\r" })
}

func TestFirstVMFailing(t *testing.T) {
	svc := &fakeService{}
	svc.failNext("CreateVM", errors.New("no guest"))
	d := open(t, svc)
	d.key(fyne.KeyReturn)
	d.until("the error", func() bool { return len(d.sheets) == 1 })
	sees(t, d.sheetTexts(), "no guest")
	d.key(fyne.KeyEscape)
	d.noSheet()
	if d.parts.firstRun.Button().Disabled() {
		t.Error("the button must take another try")
	}
}

func TestStartAndStop(t *testing.T) {
	d := open(t, stopped("dev"))
	sees(t, texts(d.parts.off), "dev is off")
	d.until("the last text", func() bool { return strings.Contains(d.consoles.of("dev").terminal.Text(), "last words of dev") })
	d.key(fyne.KeyReturn) // Start has the focus
	d.until("the terminal", func() bool { return d.attached("dev") })
	d.until("the guest's text after that of its last run", func() bool {
		before, _, ok := strings.Cut(d.consoles.of("dev").terminal.Text(), "Linux 7.1 on dev")
		return ok && strings.Contains(before, "last words of dev")
	})
	d.until("the size told", func() bool { return d.console("dev") != nil && d.consoles.of("dev").told[0] > 20 })
	d.press("Stop")
	d.until("the end", func() bool { return d.parts.off.Visible() && d.parts.power.Text == "Start" })
	sees(t, texts(d.parts.off), "powered off by the guest")
	if !d.svc.hasCalled("Stop dev false") {
		t.Errorf("calls: %q", d.svc.calls)
	}
}

// What was said before a restart can be scrolled back to; what is read again after a
// line to the host process was lost is there once.
func TestTextOutlivesARestart(t *testing.T) {
	d := open(t, running(t, "dev"))
	said := func() int { return strings.Count(d.consoles.of("dev").terminal.Text(), "Linux 7.1 on dev") }
	d.until("the first text", func() bool { return d.attached("dev") && said() == 1 })
	d.consoles.of("dev").terminal.Detach()
	d.consoles.ended(d.consoles.of("dev"))
	d.svc.change(func() { d.svc.consoles["dev"] = newFakeConsole("dev") })
	d.until("the same text", func() bool { return d.attached("dev") && said() == 1 })
	d.svc.stop("dev")
	d.until("the end", func() bool { return d.parts.off.Visible() })
	d.press("Start")
	d.until("both texts", func() bool { return d.attached("dev") && said() == 2 })
}

func TestStoppedElsewhere(t *testing.T) {
	d := open(t, running(t, "dev"))
	d.until("the terminal", func() bool { _, ok := d.terminalOnWindow(); return ok })
	d.svc.stop("dev") // by a command, say
	d.until("the end", func() bool {
		return d.parts.off.Visible() && slices.Contains(texts(d.parts.off), "dev is off")
	})
}

func TestErrorsSayWhatToDo(t *testing.T) {
	svc := stopped("dev")
	svc.failNext("Start", errors.New("the disk is on fire"))
	d := open(t, svc)
	d.press("Start")
	d.until("the error", func() bool { return len(d.sheets) == 1 })
	sees(t, d.sheetTexts(), "the disk is on fire")
	d.press("Copy details")
	if got := d.app.Clipboard().Content(); !strings.Contains(got, "the disk is on fire") {
		t.Errorf("copied: %q", got)
	}
	d.key(fyne.KeyReturn)
	d.noSheet()
	if d.parts.power.Disabled() {
		t.Error("it must be possible to try again")
	}
}

func TestChoosingVMs(t *testing.T) {
	d := open(t, running(t, "alpha", "beta"))
	d.until("alpha's terminal", func() bool { _, ok := d.terminalOnWindow(); return ok })
	d.menu(key(fyne.KeyDown))
	if d.win.Title() != "VMTerminal — beta" {
		t.Errorf("title is %q", d.win.Title())
	}
	d.until("beta", func() bool { return d.parts.off.Visible() })
	d.menu(key(fyne.KeyUp))
	if _, ok := d.terminalOnWindow(); !ok {
		t.Error("alpha's terminal should have stayed attached")
	}
	d.svc.change(func() { d.svc.vms = slices.Delete(d.svc.vms, 0, 1) })
	d.until("what is left", func() bool { return d.last.chosen == "beta" })
	if len(d.consoles.byVM) != 1 {
		t.Errorf("consoles of VMs that are gone are kept: %v", d.consoles.byVM)
	}
}

func TestBrokenVMIsShown(t *testing.T) {
	svc := stopped("bad", "good")
	svc.vms[0].State, svc.vms[0].Problem = app.Broken, "settings cannot be read"
	d := open(t, svc)
	sees(t, texts(d.parts.vms), "settings cannot be read")
	sees(t, texts(d.parts.off), "bad cannot be used")
	if !d.parts.power.Disabled() || !d.parts.snapshot.Disabled() {
		t.Error("a broken VM cannot be started or snapshotted")
	}
	d.menu(key(fyne.KeyDown))
	if d.parts.power.Disabled() {
		t.Error("the other one can")
	}
}

func TestBrokenVMWithSnapshotsSaysWhatHelps(t *testing.T) {
	svc := snapshotted(stopped("dev"), "one")
	svc.vms[0].State, svc.vms[0].Problem = app.Broken, "the disk is missing"
	d := open(t, svc)
	sees(t, texts(d.parts.off), "A snapshot brings it back")
}

func TestHowItLeftWithoutATime(t *testing.T) {
	svc := stopped("dev")
	svc.vms[0].Left = "ended without a record"
	d := open(t, svc)
	sees(t, texts(d.parts.off), "It last left: ended without a record")
}

func TestKeysWaitForAnAnswer(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "one"))
	d.menu(key(fyne.KeyS))
	for _, k := range []fyne.KeyName{fyne.KeyS, fyne.KeyR, fyne.KeyN, fyne.KeyH, fyne.KeyP} {
		d.menu(key(k))
	}
	if len(d.sheets) != 1 || d.svc.hasCalled("Start dev") || !d.parts.snapshots.Visible() {
		t.Errorf("keys act beneath a sheet: %d sheets, calls %q", len(d.sheets), d.svc.calls)
	}
}

func TestFoldingTheSnapshots(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "one", "two"))
	d.menu(key(fyne.KeyH))
	if d.parts.snapshots.Visible() {
		t.Fatal("the pane should be folded away")
	}
	d.menu(key(fyne.KeyH))
	if !d.parts.snapshots.Visible() || d.win.Canvas().Focused() != fyne.Focusable(d.parts.timeline) {
		t.Error("the pane should be back, with the keyboard in it")
	}
	d.key(fyne.KeyDown)
	if got := d.parts.timeline.Chosen(); got != "two" {
		t.Errorf("chosen: %q", got)
	}
	d.key(fyne.KeyEscape)
	if d.win.Canvas().Focused() == fyne.Focusable(d.parts.timeline) {
		t.Error("Escape should leave the timeline")
	}
}

func TestTextSize(t *testing.T) {
	d := open(t, running(t, "dev"))
	d.until("the terminal", func() bool { _, ok := d.terminalOnWindow(); return ok })
	d.menu(plainKey(fyne.KeyEqual))
	if !d.shortcut(plainKey(fyne.KeyPlus)) {
		t.Error("Ctrl++ should be the window's")
	}
	if got := d.consoles.of("dev").terminal.FontSize(); got != textSizeNormal+2 {
		t.Errorf("size is %v", got)
	}
	for range 100 {
		d.menu(plainKey(fyne.KeyMinus))
	}
	if got := d.consoles.of("dev").terminal.FontSize(); got != textSizeLeast {
		t.Errorf("size is %v", got)
	}
	d.menu(plainKey(fyne.Key0))
	if got := d.consoles.of("dev").terminal.FontSize(); got != textSizeNormal {
		t.Errorf("size is %v", got)
	}
}

func TestStrayKeysReachTheTerminal(t *testing.T) {
	d := open(t, running(t, "dev"))
	d.until("the terminal", func() bool { return d.attached("dev") })
	d.win.Canvas().Focus(nil) // as a pressed button does
	d.win.Canvas().OnTypedRune()('x')
	d.until("the key", func() bool { return d.console("dev").typed() == "x" })
}

func TestLatestChoiceStands(t *testing.T) {
	d := open(t, stopped("alpha", "beta"))
	late := d.last // a reading of alpha under way when beta is chosen
	d.choose("beta")
	d.show(late)
	if d.last.chosen != "beta" {
		t.Errorf("a late reading took the window back to %q", d.last.chosen)
	}
}
