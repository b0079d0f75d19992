//go:build !nogui

package desktop

import (
	"context"

	"vmterminal/app"
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

// useVM makes a VM the active one, which commands mean when they name none.
func (w *window) useVM(v app.VM) {
	w.alter(func(ctx context.Context) error { return w.svc.UseVM(ctx, v.Name) })
}
