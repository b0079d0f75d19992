//go:build !nogui

package desktop

import (
	"context"
	"errors"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"vmterminal/app"
	"vmterminal/widgets"
)

// prefQuit keeps what becomes of running VMs when the program is quit: asked
// once, unless the person wants to be asked each time.
const prefQuit = "quit.vms"

const (
	quitLeaves = "leave"
	quitStops  = "stop"
)

// runningVMs are the VMs that run.
func (w *window) runningVMs() []string {
	var names []string
	for _, v := range w.last.vms {
		if v.State.Alive() {
			names = append(names, v.Name)
		}
	}
	return names
}

// quitBesideVMs ends the program while VMs run.
func (w *window) quitBesideVMs() {
	switch w.app.Preferences().String(prefQuit) {
	case quitLeaves:
		w.quit()
	case quitStops:
		w.stopAndQuit()
	default:
		w.front()
		w.askQuitVMs()
	}
}

func (w *window) askQuitVMs() {
	ask := widgets.NewKeyCheck(textAskAgain(), nil)
	body := container.New(layout.NewCustomPaddedVBoxLayout(10), paragraph(textQuitVMsAbout(w.runningVMs())), ask)
	var s *widgets.Sheet
	choose := func(what string, do func()) func() {
		return func() {
			w.closeSheet(s)
			if !ask.Checked {
				w.app.Preferences().SetString(prefQuit, what)
			}
			do()
		}
	}
	leave := &widgets.SheetButton{Text: textLeaveRunning(), Default: true, OnTapped: choose(quitLeaves, func() { w.quit() })}
	stop := &widgets.SheetButton{Text: textStopThem(), OnTapped: choose(quitStops, w.stopAndQuit)}
	s = w.openSheet(textQuitVMsTitle(), body, textCancel(), nil, stop, leave)
}

// stopAndQuit ends the program once all VMs are stopped, each guest told first.
// It stays when one could not be stopped.
func (w *window) stopAndQuit() {
	names := w.runningVMs()
	for _, name := range names {
		w.setBusy(name, textStoppingDots())
	}
	w.call(func(ctx context.Context) error {
		return forAll(names, func(name string) error { return w.stopSaying(ctx, name, app.StopOptions{}) })
	}, func(err error) {
		for _, name := range names {
			w.setBusy(name, "")
		}
		if err == nil {
			w.quit()
			return
		}
		w.front()
		w.fail(err)
	})
}

// forAll does something to all at the same time, and returns when all are done.
func forAll(names []string, do func(name string) error) error {
	errs := make(chan error, len(names))
	for _, name := range names {
		go func() { errs <- do(name) }()
	}
	var all []error
	for range names {
		if err := <-errs; !errors.Is(err, app.ErrStopped) { // by itself meanwhile
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}
