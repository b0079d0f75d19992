//go:build !nogui

package desktop

import (
	"context"
	"time"

	"fyne.io/fyne/v2/widget"

	"vmterminal/widgets"
)

// closed is the window's close button: it hides to the tray where there is one,
// else it ends the program. VMs go on running either way.
func (w *window) closed() {
	var host bool
	w.call(func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, trayHostTimeout)
		defer cancel()
		host = w.tray.hasHost(ctx)
		return nil
	}, func(error) {
		if host && w.tray.set {
			w.hidden = true
			w.win.Hide()
			return
		}
		w.besideShells(w.leave)
	})
}

// besideShells asks first when programs run in shells, which end with the window.
func (w *window) besideShells(quit func()) {
	w.ifNothingRuns(w.consoles.allShells(), quit, func(busy []busyShell) { w.askQuitShells(busy, quit) })
}

// leave ends the program and leaves VMs running; it asks first while jobs run.
func (w *window) leave() {
	if len(w.jobs.running()) > 0 {
		w.front()
		w.askQuitJobs()
		return
	}
	w.quit()
}

// trayHostTimeout is how long the desktop may take to say whether it has a tray.
const trayHostTimeout = 700 * time.Millisecond

// askQuit ends the program, and asks first while programs run in shells, or jobs,
// or what becomes of running VMs.
func (w *window) askQuit() { w.besideShells(w.askQuitRest) }

func (w *window) askQuitRest() {
	if len(w.jobs.running()) == 0 && len(w.runningVMs()) > 0 {
		w.quitBesideVMs()
		return
	}
	w.leave()
}

// front shows a hidden window, so that a question can be seen.
func (w *window) front() {
	if w.hidden {
		w.raise()
	}
}

func (w *window) askQuitJobs() {
	var s *widgets.Sheet
	cancel := &widgets.SheetButton{Text: textCancelAndQuit(), Look: widget.DangerImportance, OnTapped: func() {
		w.closeSheet(s)
		w.cancelAndQuit()
	}}
	s = w.openSheet(textJobsRunTitle(), paragraph(textJobsRunAbout()), textKeepRunning(), nil, cancel)
}

// cancelAndQuit ends the program once nothing is left of its jobs.
func (w *window) cancelAndQuit() {
	jobs := w.jobs.running()
	for _, j := range jobs {
		j.Cancel()
	}
	w.call(func(context.Context) error {
		for _, j := range jobs {
			<-j.Done()
		}
		return nil
	}, func(error) { w.quit() })
}
