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
		w.askQuit()
	})
}

// trayHostTimeout is how long the desktop may take to say whether it has a tray.
const trayHostTimeout = 700 * time.Millisecond

// askQuit ends the program, and asks first while jobs run.
func (w *window) askQuit() {
	if len(w.jobs.running()) == 0 {
		w.quit()
		return
	}
	if w.hidden {
		w.raise()
	}
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
