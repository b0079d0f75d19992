package window

import (
	"context"
	"time"

	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app/job"
	"vmterminal/widgets"
)

// quitter closes the window and quits the program, after asking about jobs, shells and VMs.
type quitter struct {
	*model

	jobs     *jobTracker
	power    *vmPower
	programs *programGuard
	// shells returns the tabs of all shells.
	shells func() []*tab
	// isInTray reports whether the desktop shows the tray icon. It is called in another
	// goroutine.
	isInTray func(ctx context.Context) bool
	// quit ends the program.
	quit func()
}

// closeRequested handles the window's close button: it hides the window if there is a tray,
// and otherwise quits. VMs keep running.
func (qu *quitter) closeRequested() {
	var inTray bool
	qu.call(func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, trayHostTimeout)
		defer cancel()
		inTray = qu.isInTray(ctx)
		return nil
	}, func(error) {
		if inTray {
			qu.hidden = true
			qu.win.Hide()
			return
		}
		qu.quitUnlessShellsBusy(qu.hideOrQuit)
	})
}

// quitUnlessShellsBusy calls quit. If programs run in shells, it asks first, because shells end
// with the window.
func (qu *quitter) quitUnlessShellsBusy(quit func()) {
	qu.programs.unlessShellsBusy(qu.shells(), quit, func(busy []busyShell) { qu.askQuitShells(busy, quit) })
}

// hideOrQuit quits and leaves VMs running. It asks first if jobs are running.
func (qu *quitter) hideOrQuit() {
	if len(qu.jobs.running()) > 0 {
		qu.showIfHidden()
		qu.askQuitJobs()
		return
	}
	qu.quit()
}

// trayHostTimeout is how long the desktop may take to report whether it has a tray. Without a
// report, the close button quits, so even a busy desktop needs enough time.
const trayHostTimeout = 5 * time.Second

// askQuit quits, after asking about programs in shells, running jobs or running VMs.
func (qu *quitter) askQuit() { qu.quitUnlessShellsBusy(qu.askQuitRest) }

func (qu *quitter) askQuitRest() {
	if len(qu.jobs.running()) == 0 && len(qu.runningVMs()) > 0 {
		qu.quitOrAskVMs()
		return
	}
	qu.hideOrQuit()
}

func (qu *quitter) askQuitJobs() {
	var d *widgets.Dialog
	cancel := &widgets.DialogButton{Text: lang.L("Cancel job and quit"), Importance: widget.DangerImportance, OnTapped: func() {
		qu.modal.closeDialog(d)
		qu.cancelAndQuit()
	}}
	d = qu.modal.openDialog(lang.L("A job is still running"), paragraph(lang.L("If you quit now, the job is canceled and its partial data is removed. VMs keep running.")), lang.L("Keep running"), nil, cancel)
}

// cancelAndQuit cancels all jobs and quits once they have removed their partial data.
func (qu *quitter) cancelAndQuit() {
	jobs := qu.jobs.running()
	qu.call(func(context.Context) error {
		endJobs(jobs)
		return nil
	}, func(error) { qu.quit() })
}

// endJobs cancels jobs and waits for them to end. It must not be called on the main
// goroutine while the window is open.
func endJobs(jobs []*job.Handle) {
	for _, j := range jobs {
		j.Cancel()
	}
	for _, j := range jobs {
		<-j.Done()
	}
}
