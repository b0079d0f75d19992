//go:build !nogui

package desktop

import (
	"context"

	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/widgets"
)

// startChosen starts the VM on the window, if it can be started now.
func (w *window) startChosen() {
	if v, ok := w.chosen(); ok && !v.State.Alive() && w.canPower(v) {
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

// power starts or stops the VM on the window; a paused one goes on.
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
	w.call(func(ctx context.Context) error { return w.stopSaying(ctx, name, opt) }, func(err error) {
		w.setBusy(name, "")
		w.fail(err)
	})
}

// stopSaying stops a VM and says on the window what is done. Not for the main
// goroutine.
func (w *window) stopSaying(ctx context.Context, name string, opt app.StopOptions) error {
	return w.svc.Stop(ctx, name, opt, func(step string) {
		w.ui(func() {
			if w.busy[name] != "" {
				w.setBusy(name, step)
			}
		})
	})
}

// restartVM stops a VM, the guest told first, and starts it again.
func (w *window) restartVM(v app.VM) {
	name := v.Name
	w.focusNext = name
	w.setBusy(name, textStoppingDots())
	w.call(func(ctx context.Context) error {
		if err := w.stopSaying(ctx, name, app.StopOptions{}); err != nil {
			return err
		}
		w.ui(func() { w.setBusy(name, textStartingDots()) })
		return w.svc.Start(ctx, name, app.StartOptions{})
	}, func(err error) {
		w.setBusy(name, "")
		w.fail(err)
	})
}

// togglePause holds a VM's processors, or lets them go on.
func (w *window) togglePause(v app.VM) {
	name, act := v.Name, w.svc.Pause
	if v.State == app.Paused {
		act = w.svc.Resume
	}
	w.alter(func(ctx context.Context) error { return act(ctx, name) })
}

// askForce asks before it cuts a VM's power.
func (w *window) askForce(v app.VM) {
	var s *widgets.Sheet
	cut := &widgets.SheetButton{Text: textForce(), Look: widget.DangerImportance, OnTapped: func() {
		w.closeSheet(s)
		w.stopVM(v.Name, app.StopOptions{Force: true})
	}}
	s = w.openSheet(textForceTitle(v.Name), paragraph(textForceAbout()), textCancel(), nil, cut)
}
