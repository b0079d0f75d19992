package window

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"vmterminal/app"
	"vmterminal/app/problem"
)

// stopped returns a Service with stopped VMs.
func stopped(names ...string) *fakeService {
	f := &fakeService{}
	for i, name := range names {
		f.vms = append(f.vms, app.VM{Name: name, Active: i == 0, State: app.Stopped, DiskSize: 10 << 30, DiskUsed: 66 << 20})
	}
	return f
}

// running returns a Service whose first VM is running.
func running(t *testing.T, names ...string) *fakeService {
	t.Helper()
	f := stopped(names...)
	if err := f.Start(t.Context(), names[0], app.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	return f
}

// snapshotted adds snapshots of the VM dev, newest first, an hour apart.
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

func TestFirstVMIsCreatedByReturn(t *testing.T) {
	d := open(t, &fakeService{})
	if !d.firstRun.stack.Visible() || d.firstRun.panes.Visible() {
		t.Fatal("without VMs, the window must show only the first-run card")
	}
	if d.win.Canvas().Focused() != fyne.Focusable(d.firstRun.card.Button()) {
		t.Error("the button does not have the focus")
	}
	d.key(fyne.KeyReturn)
	d.until("the first VM's terminal", func() bool { return d.attached("default") })
	if d.firstRun.stack.Visible() || !d.firstRun.panes.Visible() {
		t.Error("the first-run card is still shown")
	}
	if d.win.Title() != "VMTerminal — default" {
		t.Errorf("title: got %q, want the name of the new VM in it", d.win.Title())
	}
	d.typeText("ls")
	d.key(fyne.KeyReturn)
	d.until("the typed text", func() bool { return d.console("default").typed() == "ls\r" })
}

func TestFirstVMFailing(t *testing.T) {
	svc := &fakeService{}
	svc.failNext("CreateVM", errors.New("no guest"))
	d := open(t, svc)
	d.key(fyne.KeyReturn)
	d.until("the error", func() bool { return len(d.modal.dialogs) == 1 })
	requireText(t, d.dialogTexts(), "no guest")
	d.key(fyne.KeyEscape)
	d.requireNoDialog()
	if d.firstRun.card.Button().Disabled() {
		t.Error("the button is disabled after a failure")
	}
}

func TestStartAndStop(t *testing.T) {
	d := open(t, stopped("dev"))
	requireText(t, texts(d.terminals.placeholder), "dev is stopped")
	d.until("the output of the last run", func() bool {
		return strings.Contains(d.terminals.consoles.consoleTab("dev").terminal.Text(), "last words of dev")
	})
	d.key(fyne.KeyReturn) // Start has the focus
	d.until("the terminal", func() bool { return d.attached("dev") })
	d.until("the output of both runs", func() bool {
		before, _, ok := strings.Cut(d.terminals.consoles.consoleTab("dev").terminal.Text(), "Linux 7.1 on dev")
		return ok && strings.Contains(before, "last words of dev")
	})
	d.until("the size sent to the guest", func() bool { return d.console("dev") != nil && d.terminals.consoles.consoleTab("dev").sentSize[0] > 20 })
	d.press("Stop")
	d.until("the placeholder", func() bool { return d.terminals.placeholder.Visible() && d.header.power.Text == "Start" })
	requireText(t, texts(d.terminals.placeholder), "powered off by the guest")
	if !d.svc.hasCalled("Stop dev false") {
		t.Errorf("unexpected calls: %q", d.svc.calls)
	}
}

// After a restart, the earlier output is still in the scrollback. After a lost connection to
// the supervisor, replayed output appears only once.
func TestOutputSurvivesRestart(t *testing.T) {
	d := open(t, running(t, "dev"))
	said := func() int {
		return strings.Count(d.terminals.consoles.consoleTab("dev").terminal.Text(), "Linux 7.1 on dev")
	}
	d.until("the output of the first run", func() bool { return d.attached("dev") && said() == 1 })
	d.terminals.consoles.consoleTab("dev").terminal.Detach()
	d.terminals.consoles.ended(d.terminals.consoles.consoleTab("dev"))
	d.svc.change(func() { d.svc.consoles["dev"] = newFakeConsole("dev") })
	d.until("the replayed output", func() bool { return d.attached("dev") && said() == 1 })
	d.svc.stop("dev")
	d.until("the placeholder", func() bool { return slices.Contains(texts(d.terminals.placeholder), "dev is stopped") })
	d.press("Start")
	d.until("the output of both runs", func() bool { return d.attached("dev") && said() == 2 })
}

func TestStoppedElsewhere(t *testing.T) {
	d := open(t, running(t, "dev"))
	d.until("the terminal", func() bool { _, ok := d.terminals.terminalShown(); return ok })
	d.svc.stop("dev") // by a command
	d.until("the placeholder", func() bool {
		return d.terminals.placeholder.Visible() && slices.Contains(texts(d.terminals.placeholder), "dev is stopped")
	})
}

func TestErrorsShowHint(t *testing.T) {
	svc := stopped("dev")
	svc.failNext("Start", errors.New("the disk is on fire"))
	d := open(t, svc)
	d.press("Start")
	d.until("the error", func() bool { return len(d.modal.dialogs) == 1 })
	requireText(t, d.dialogTexts(), "the disk is on fire")
	d.press("Copy details")
	if got := d.app.Clipboard().Content(); !strings.Contains(got, "the disk is on fire") {
		t.Errorf("copied: got %q, want the error in it", got)
	}
	d.key(fyne.KeyReturn)
	d.requireNoDialog()
	if d.header.power.Disabled() {
		t.Error("the button is disabled after an error")
	}
}

func TestSelectingVMs(t *testing.T) {
	d := open(t, running(t, "alpha", "beta"))
	d.until("alpha's terminal", func() bool { _, ok := d.terminals.terminalShown(); return ok })
	d.menu(key(fyne.KeyDown))
	if d.win.Title() != "VMTerminal — beta" {
		t.Errorf("title: got %q, want beta in it", d.win.Title())
	}
	d.until("the placeholder of beta", func() bool { return d.terminals.placeholder.Visible() })
	d.menu(key(fyne.KeyUp))
	if _, ok := d.terminals.terminalShown(); !ok {
		t.Error("the terminal of alpha was detached")
	}
	d.svc.change(func() { d.svc.vms = slices.Delete(d.svc.vms, 0, 1) })
	d.until("the remaining VM", func() bool { return d.last.selected == "beta" })
	if len(d.terminals.consoles.byVM) != 1 {
		t.Errorf("the consoles of a deleted VM still exist: %v", d.terminals.consoles.byVM)
	}
}

func TestBrokenVMIsShown(t *testing.T) {
	svc := stopped("bad", "good")
	svc.vms[0].State, svc.vms[0].Problem = app.Broken, problem.Problem{Cause: "settings cannot be read"}
	d := open(t, svc)
	requireText(t, texts(d.sidebar.vms), "settings cannot be read")
	requireText(t, texts(d.terminals.placeholder), "bad cannot be used")
	if !d.header.power.Disabled() || !d.header.snapshot.Disabled() {
		t.Error("starting or snapshotting a broken VM is offered")
	}
	d.menu(key(fyne.KeyDown))
	if d.header.power.Disabled() {
		t.Error("starting the other VM is not offered")
	}
}

func TestBrokenVMWithSnapshotsSuggestsRestore(t *testing.T) {
	svc := snapshotted(stopped("dev"), "one")
	svc.vms[0].State, svc.vms[0].Problem = app.Broken, problem.Problem{Code: problem.DiskMissing, Cause: "the disk is missing: /d"}
	d := open(t, svc)
	requireText(t, texts(d.terminals.placeholder), "Restore a snapshot")
}

func TestLastExitWithoutTime(t *testing.T) {
	svc := stopped("dev")
	svc.vms[0].ExitReason.Text = "exit reason unknown"
	d := open(t, svc)
	requireText(t, texts(d.terminals.placeholder), "Last exit: exit reason unknown")
}

func TestShortcutsAreIgnoredBelowDialog(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "one"))
	d.menu(key(fyne.KeyS))
	for _, k := range []fyne.KeyName{fyne.KeyS, fyne.KeyR, fyne.KeyN, fyne.KeyH} {
		d.menu(key(k))
	}
	if len(d.modal.dialogs) != 1 || d.svc.hasCalled("Start dev") || !d.timeline.pane.Visible() {
		t.Errorf("shortcuts act below a dialog: %d dialogs, calls %q", len(d.modal.dialogs), d.svc.calls)
	}
}

func TestHidingSnapshots(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "one", "two"))
	d.menu(key(fyne.KeyH))
	if d.timeline.pane.Visible() {
		t.Fatal("the snapshot pane is still shown")
	}
	d.menu(key(fyne.KeyH))
	if !d.timeline.pane.Visible() || d.win.Canvas().Focused() != fyne.Focusable(d.timeline.list) {
		t.Error("the snapshot pane is not shown and focused")
	}
	d.key(fyne.KeyDown)
	if got := d.timeline.list.Current(); got != "two" {
		t.Errorf("selected snapshot: got %q, want two", got)
	}
	d.key(fyne.KeyEscape)
	if d.win.Canvas().Focused() == fyne.Focusable(d.timeline.list) {
		t.Error("the timeline still has the focus after Escape")
	}
}

func TestTextSize(t *testing.T) {
	d := open(t, running(t, "dev"))
	d.until("the terminal", func() bool { _, ok := d.terminals.terminalShown(); return ok })
	d.menu(plainKey(fyne.KeyEqual))
	if !d.terminals.consoles.shortcut(plainKey(fyne.KeyPlus)) {
		t.Error("Ctrl++ is not handled by the window")
	}
	if got := d.terminals.consoles.consoleTab("dev").terminal.FontSize(); got != textSizeNormal+2 {
		t.Errorf("text size: got %v, want two units above the normal size", got)
	}
	for range 100 {
		d.menu(plainKey(fyne.KeyMinus))
	}
	if got := d.terminals.consoles.consoleTab("dev").terminal.FontSize(); got != textSizeMin {
		t.Errorf("text size: got %v, want the minimum", got)
	}
	d.menu(plainKey(fyne.Key0))
	if got := d.terminals.consoles.consoleTab("dev").terminal.FontSize(); got != textSizeNormal {
		t.Errorf("text size: got %v, want the normal size", got)
	}
}

func TestUnfocusedKeysReachTerminal(t *testing.T) {
	d := open(t, running(t, "dev"))
	d.until("the terminal", func() bool { return d.attached("dev") })
	d.win.Canvas().Focus(nil) // as after pressing a button
	d.win.Canvas().OnTypedRune()('x')
	d.until("the key", func() bool { return d.console("dev").typed() == "x" })
}

func TestLatestSelectionWins(t *testing.T) {
	d := open(t, stopped("alpha", "beta"))
	late := d.last // a reading of alpha that ends after beta was selected
	d.selectVM("beta")
	d.show(late)
	if d.last.selected != "beta" {
		t.Errorf("a late reading selected %q, want beta", d.last.selected)
	}
}
