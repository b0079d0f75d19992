//go:build !nogui

package desktop

import (
	"context"

	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/widgets"
)

// firstVM is the name of the VM that the first-run card makes.
const firstVM = "default"

// createFirst makes the first VM, starts it, and puts the keyboard into it.
func (w *window) createFirst() {
	w.parts.firstRun.SetBusy(textCreating())
	w.call(func(ctx context.Context) error {
		_, err := w.svc.CreateVM(ctx, app.NewVM{Name: firstVM})
		return err
	}, func(err error) {
		w.parts.firstRun.SetBusy("")
		if w.fail(err) {
			w.reader.soon()
			return
		}
		w.created(firstVM)
	})
}

// created starts a VM just made and shows it.
func (w *window) created(name string) {
	w.reader.choose(name)
	w.last.chosen = name
	w.startVM(name)
}

// startChosen starts the VM on the window, if it can be started now.
func (w *window) startChosen() {
	v, ok := w.chosen()
	job, _, runs := w.jobs.of(v.Name)
	restores := runs && job.Kind.ReplacesDisk()
	if ok && !restores && !v.State.Alive() && v.State != app.Broken && w.busy[v.Name] == "" {
		w.startVM(v.Name)
	}
}

func (w *window) startVM(name string) {
	w.focusNext = name
	w.setBusy(name, textStartingDots())
	w.call(func(ctx context.Context) error {
		return w.svc.Start(ctx, name, app.StartOptions{})
	}, func(err error) {
		w.setBusy(name, "")
		w.fail(err)
	})
}

// power starts or stops the VM on the window.
func (w *window) power() {
	v, ok := w.chosen()
	switch {
	case !ok:
	case v.State.Alive():
		w.stopVM(v.Name, app.StopOptions{})
	default:
		w.startChosen()
	}
}

func (w *window) stopVM(name string, opt app.StopOptions) {
	if w.busy[name] != "" && !opt.Force {
		return
	}
	w.setBusy(name, textStoppingDots())
	w.call(func(ctx context.Context) error {
		return w.svc.Stop(ctx, name, opt, func(step string) {
			w.ui(func() {
				if w.busy[name] != "" {
					w.setBusy(name, step)
				}
			})
		})
	}, func(err error) {
		w.setBusy(name, "")
		w.fail(err)
	})
}

// askForce asks before it cuts a VM's power.
func (w *window) askForce(v app.VM) {
	if !v.State.Alive() {
		return
	}
	var s *widgets.Sheet
	cut := &widgets.SheetButton{Text: textForce(), Look: widget.DangerImportance, OnTapped: func() {
		w.closeSheet(s)
		w.stopVM(v.Name, app.StopOptions{Force: true})
	}}
	s = w.openSheet(textForceTitle(v.Name), paragraph(textForceAbout()), textCancel(), nil, cut)
}

// useVM makes a VM the active one, which commands mean when they name none.
func (w *window) useVM(v app.VM) {
	w.call(func(ctx context.Context) error { return w.svc.UseVM(ctx, v.Name) }, func(err error) {
		w.reader.soon()
		w.fail(err)
	})
}
