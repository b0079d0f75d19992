package window

import (
	"context"
	"errors"
	"strings"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/widgets"
)

// prefQuit is the preference for what to do with running VMs when the program quits. It is
// unset if the user wants to be asked.
const prefQuit = "quit.vms"

const (
	quitLeaves = "leave"
	quitStops  = "stop"
)

// runningVMs returns the names of the running VMs.
func (qu *quitter) runningVMs() []string {
	var names []string
	for _, v := range qu.last.vms {
		if v.State.Alive() {
			names = append(names, v.Name)
		}
	}
	return names
}

// quitOrAskVMs quits while VMs run: it leaves them running, stops them or asks.
func (qu *quitter) quitOrAskVMs() {
	switch qu.app.Preferences().String(prefQuit) {
	case quitLeaves:
		qu.quit()
	case quitStops:
		running := qu.runningVMs()
		qu.programs.unlessProgramsRun(running, qu.stopAndQuit, func(busy []busyVM) {
			qu.power.askEndPrograms(lang.L("Stop all VMs?"), busy, lang.L("Stop VMs and quit"), qu.stopAndQuit)
		})
	default:
		qu.showIfHidden()
		qu.askQuitVMs()
	}
}

func (qu *quitter) askQuitVMs() {
	ask := widgets.NewKeyCheck(lang.L("Ask every time"), nil)
	body := container.New(layout.NewCustomPaddedVBoxLayout(10), paragraph(lang.L("{{.Names}} can keep running without the window. VMTerminal reconnects to them when you open it again and remembers your choice.",
		words.Values{"Names": strings.Join(qu.runningVMs(), ", ")})), ask)
	var d *widgets.Dialog
	choose := func(what string, do func()) func() {
		return func() {
			qu.modal.closeDialog(d)
			if !ask.Checked {
				qu.app.Preferences().SetString(prefQuit, what)
			}
			do()
		}
	}
	leave := &widgets.DialogButton{Text: lang.L("Leave VMs running"), Default: true, OnTapped: choose(quitLeaves, qu.quit)}
	stop := &widgets.DialogButton{Text: lang.L("Stop VMs and quit"), OnTapped: choose(quitStops, qu.stopAndQuit)}
	d = qu.modal.openDialog(lang.L("VMs are running"), body, lang.L("Cancel"), nil, stop, leave)
}

// stopAndQuit shuts all VMs down and quits. It does not quit if a VM could not be stopped.
func (qu *quitter) stopAndQuit() {
	names := qu.runningVMs()
	for _, name := range names {
		qu.setBusy(name, lang.L("Stopping…"))
	}
	qu.call(func(ctx context.Context) error {
		return forAll(names, func(name string) error { return qu.power.stopAndReport(ctx, name, app.StopOptions{}) })
	}, func(err error) {
		for _, name := range names {
			qu.setBusy(name, "")
		}
		if err == nil {
			qu.quit()
			return
		}
		qu.showIfHidden()
		qu.modal.showError(err)
	})
}

// forAll calls do for all names concurrently and waits for all calls.
func forAll(names []string, do func(name string) error) error {
	errs := make(chan error, len(names))
	for _, name := range names {
		go func() { errs <- do(name) }()
	}
	var all []error
	for range names {
		if err := <-errs; !errors.Is(err, app.ErrStopped) { // it may have stopped by itself
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}
