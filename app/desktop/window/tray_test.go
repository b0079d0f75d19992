package window

import (
	"context"
	"errors"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
)

func TestTrayTakesQuickSnapshots(t *testing.T) {
	svc := stopped("alpha", "beta")
	svc.jobSteps = make(chan struct{})
	d := open(t, svc)
	d.trayItem("alpha — stopped")
	d.trayItem("Quick snapshot of beta").Action()
	d.until("the job", func() bool { return len(d.jobs.running()) == 1 })
	job := d.jobs.running()[0]
	if job.VM != "beta" || !strings.HasPrefix(job.Subject, "quick-") {
		t.Errorf("job: got %s of %s, want a quick snapshot of beta", job.Subject, job.VM)
	}
	svc.jobSteps <- struct{}{}
	d.until("the progress of the job", func() bool {
		_, at, _ := d.jobs.runningJob("beta")
		return at.Fraction() > 0.05
	})
	label := words.Job(job.Kind, job.VM, job.Subject) + ": 10 %"
	if item := d.trayItem(label); !item.Disabled {
		t.Error("a second job of the VM is offered")
	}
	d.trayItem("Quick snapshot of alpha")
	close(svc.jobSteps)
	d.until("the end of the job", func() bool { return len(d.jobs.running()) == 0 })
	d.trayItem("Quick snapshot of beta")
}

func TestTrayOpensVMs(t *testing.T) {
	d := open(t, running(t, "beta", "alpha"))
	if d.tray.menu().Items[2].Label != "beta — running" {
		t.Errorf("first VM of the tray: got %q, want the running one", d.tray.menu().Items[2].Label)
	}
	d.trayItem("alpha — stopped").Action()
	if d.last.selected != "alpha" {
		t.Errorf("selected VM: got %q, want alpha", d.last.selected)
	}
}

func TestTrayWithManyVMs(t *testing.T) {
	names := make([]string, 30)
	for i := range names {
		names[i] = "vm-" + strings.Repeat("i", i+1)
	}
	d := open(t, stopped(names...))
	d.trayItem("18 more…")
}

func TestClosingWithoutTrayQuits(t *testing.T) {
	d := open(t, stopped("dev"))
	d.quitter.closeRequested()
	d.until("the program to quit", func() bool { return d.quit })
}

func TestClosingWithTrayHides(t *testing.T) {
	d := open(t, stopped("dev"))
	d.tray.host = func(context.Context) bool { return true }
	d.tray.installed = true
	d.quitter.closeRequested()
	d.until("the window to hide", func() bool { return d.hidden })
	if d.quit {
		t.Error("closing the window quit the program")
	}
	d.trayItem("Open VMTerminal").Action()
	if d.hidden {
		t.Error("the window is still hidden")
	}
}

func TestClosingAfterTrayDisappearedQuits(t *testing.T) {
	d := open(t, stopped("dev"))
	d.tray.host = func(context.Context) bool { return false }
	d.tray.installed = true
	d.quitter.closeRequested()
	d.until("the program to quit", func() bool { return d.quit })
}

func TestQuitAsksWhileJobsRun(t *testing.T) {
	svc := stopped("dev")
	svc.jobSteps = make(chan struct{})
	d := open(t, svc)
	d.snapshotDialogs.quickSnapshot("dev")
	d.until("the job", func() bool { return len(d.jobs.running()) == 1 })
	d.trayItem("Quit").Action()
	d.awaitDialog("A job is still running")
	d.key(fyne.KeyReturn)
	if d.requireNoDialog(); d.quit || len(d.jobs.running()) != 1 {
		t.Fatal("the default button canceled the job or quit the program")
	}
	d.quitter.askQuit()
	d.press("Cancel job and quit")
	d.until("the program to quit", func() bool { return d.quit })
	if !d.jobs.rows[0].job.IsCanceled() {
		t.Error("the program quit without canceling the job")
	}
}

func TestJobsOfEarlierWindowAreShown(t *testing.T) {
	svc := stopped("dev")
	svc.jobSteps = make(chan struct{})
	job, err := svc.CreateSnapshot(t.Context(), "dev", app.NewSnapshot{Name: "early"})
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, svc)
	if rows := d.jobBar.Items(); len(rows) != 1 || !strings.Contains(rows[0].Title, "early") {
		t.Errorf("rows: got %+v, want the job started before the window", rows)
	}
	job.Cancel()
	d.until("the end of the job", func() bool { return len(d.jobs.running()) == 0 })
}

func TestTrayStartsAndStops(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "one"))
	d.trayItem("dev — stopped, snapshot 1 h ago")
	d.trayItem("Start dev").Action()
	d.until("dev running", func() bool { v, _ := d.selected(); return v.State == app.Running && d.busy["dev"] == "" })
	d.trayItem("Stop dev").Action()
	d.until("the call of Stop", func() bool { return d.svc.hasCalled("Stop dev false") })
}

func TestQuitRemembersChoiceForVMs(t *testing.T) {
	d := open(t, running(t, "dev", "other"))
	d.quitter.askQuit()
	d.awaitDialog("VMs are running")
	d.key(fyne.KeyEscape)
	if d.requireNoDialog(); d.quit {
		t.Fatal("Escape quit the program")
	}
	d.quitter.askQuit()
	d.key(fyne.KeyReturn) // leave them running
	if !d.quit || d.svc.hasCalled("Stop dev false") {
		t.Fatal("the default button did not leave VMs running")
	}
	d.quit = false
	d.quitter.askQuit()
	if d.requireNoDialog(); !d.quit {
		t.Error("the remembered choice was not used")
	}
}

func TestClosingLeavesVMsRunning(t *testing.T) {
	d := open(t, running(t, "dev"))
	d.quitter.closeRequested()
	d.until("the program to quit", func() bool { return d.quit })
	if d.requireNoDialog(); d.svc.hasCalled("Stop dev false") {
		t.Error("closing the window stopped a VM")
	}
}

func TestQuitStopsVMs(t *testing.T) {
	d := open(t, running(t, "dev", "other"))
	d.quitter.askQuit()
	d.press("Stop VMs and quit")
	d.until("the program to quit", func() bool { return d.quit })
	if !d.svc.hasCalled("Stop dev false") || d.svc.hasCalled("Stop other false") {
		t.Errorf("unexpected calls: %q", d.svc.calls)
	}
}

func TestQuitFailsWhenVMDoesNotStop(t *testing.T) {
	svc := running(t, "dev")
	svc.failNext("Stop", errors.New("the guest does not answer"))
	d := open(t, svc)
	d.quitter.askQuit()
	d.press("Stop VMs and quit")
	d.until("the error", func() bool { return len(d.modal.dialogs) == 1 })
	requireText(t, d.dialogTexts(), "the guest does not answer")
	if d.quit {
		t.Error("the program quit although a VM did not stop")
	}
}
