//go:build !nogui

package desktop

import (
	"context"
	"errors"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"vmterminal/app"
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
		t.Errorf("job: %s of %s", job.Subject, job.VM)
	}
	svc.jobSteps <- struct{}{}
	d.until("its progress", func() bool {
		_, at, _ := d.jobs.of("beta")
		return at.Fraction() > 0.05
	})
	label := textJob(job) + ": 10 %"
	if item := d.trayItem(label); !item.Disabled {
		t.Error("one job at a time per VM")
	}
	d.trayItem("Quick snapshot of alpha")
	close(svc.jobSteps)
	d.until("its end", func() bool { return len(d.jobs.running()) == 0 })
	d.trayItem("Quick snapshot of beta")
}

func TestTrayOpensVMs(t *testing.T) {
	d := open(t, running(t, "beta", "alpha"))
	if d.tray.menu().Items[2].Label != "beta — running" {
		t.Errorf("running VMs come first, not %q", d.tray.menu().Items[2].Label)
	}
	d.trayItem("alpha — stopped").Action()
	if d.last.chosen != "alpha" {
		t.Errorf("on the window: %q", d.last.chosen)
	}
}

func TestTrayOfManyVMs(t *testing.T) {
	names := make([]string, 30)
	for i := range names {
		names[i] = "vm-" + strings.Repeat("i", i+1)
	}
	d := open(t, stopped(names...))
	d.trayItem("18 more…")
}

func TestClosingWithoutTrayQuits(t *testing.T) {
	d := open(t, stopped("dev"))
	d.closed()
	d.until("the end", func() bool { return d.quit })
}

func TestClosingWithTrayHides(t *testing.T) {
	d := open(t, stopped("dev"))
	d.tray.host = func(context.Context) bool { return true }
	d.tray.set = true
	d.closed()
	d.until("the window hidden", func() bool { return d.hidden })
	if d.quit {
		t.Error("it should go on in the tray")
	}
	d.trayItem("Open VMTerminal").Action()
	if d.hidden {
		t.Error("it should be open again")
	}
}

func TestClosingWhenTheTrayHasGoneQuits(t *testing.T) {
	d := open(t, stopped("dev"))
	d.tray.host = func(context.Context) bool { return false }
	d.tray.set = true
	d.closed()
	d.until("the end", func() bool { return d.quit })
}

func TestQuitAsksWhileJobsRun(t *testing.T) {
	svc := stopped("dev")
	svc.jobSteps = make(chan struct{})
	d := open(t, svc)
	d.quickSnapshot("dev")
	d.until("the job", func() bool { return len(d.jobs.running()) == 1 })
	d.trayItem("Quit").Action()
	d.sheet("A job is still running")
	d.key(fyne.KeyReturn)
	if d.noSheet(); d.quit || len(d.jobs.running()) != 1 {
		t.Fatal("the default must keep the job")
	}
	d.askQuit()
	d.press("Cancel it and quit")
	d.until("the end", func() bool { return d.quit })
	if !d.jobs.rows[0].job.Cancelled() {
		t.Error("the job should have been cancelled first")
	}
}

func TestJobsOfAnEarlierWindowAreShown(t *testing.T) {
	svc := stopped("dev")
	svc.jobSteps = make(chan struct{})
	job, err := svc.CreateSnapshot(t.Context(), "dev", app.NewSnapshot{Name: "early"})
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, svc)
	if rows := d.parts.jobBar.Items(); len(rows) != 1 || !strings.Contains(rows[0].Title, "early") {
		t.Errorf("rows: %+v", rows)
	}
	job.Cancel()
	d.until("its end", func() bool { return len(d.jobs.running()) == 0 })
}

func TestTrayStartsAndStops(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "one"))
	d.trayItem("dev — stopped, snapshot 1 h ago")
	d.trayItem("Start dev").Action()
	d.until("it running", func() bool { v, _ := d.chosen(); return v.State == app.Running && d.busy["dev"] == "" })
	d.trayItem("Stop dev").Action()
	d.until("it stopped", func() bool { return d.svc.hasCalled("Stop dev false") })
}

func TestQuitAsksOnceWhatBecomesOfVMs(t *testing.T) {
	d := open(t, running(t, "dev", "other"))
	d.askQuit()
	d.sheet("VMs are running")
	d.key(fyne.KeyEscape)
	if d.noSheet(); d.quit {
		t.Fatal("Escape must not quit")
	}
	d.askQuit()
	d.key(fyne.KeyReturn) // leave them running
	if !d.quit || d.svc.hasCalled("Stop dev false") {
		t.Fatal("the default leaves VMs running")
	}
	d.quit = false
	d.askQuit()
	if d.noSheet(); !d.quit {
		t.Error("it was asked twice")
	}
}

func TestClosingLeavesVMsRunning(t *testing.T) {
	d := open(t, running(t, "dev"))
	d.closed()
	d.until("the end", func() bool { return d.quit })
	if d.noSheet(); d.svc.hasCalled("Stop dev false") {
		t.Error("closing stopped a VM")
	}
}

func TestQuitStopsVMs(t *testing.T) {
	d := open(t, running(t, "dev", "other"))
	d.askQuit()
	d.press("Stop them and quit")
	d.until("the end", func() bool { return d.quit })
	if !d.svc.hasCalled("Stop dev false") || d.svc.hasCalled("Stop other false") {
		t.Errorf("calls: %q", d.svc.calls)
	}
}

func TestQuitStaysWhenAVMDoesNotStop(t *testing.T) {
	svc := running(t, "dev")
	svc.failNext("Stop", errors.New("the guest does not answer"))
	d := open(t, svc)
	d.askQuit()
	d.press("Stop them and quit")
	d.until("the reason", func() bool { return len(d.sheets) == 1 })
	sees(t, d.sheetTexts(), "the guest does not answer")
	if d.quit {
		t.Error("it should have stayed")
	}
}
