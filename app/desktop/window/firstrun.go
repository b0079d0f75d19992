package window

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
	"vmterminal/assets"
	"vmterminal/widgets"
)

// firstVMName is the name of the VM that the first-run card creates.
const firstVMName = "default"

// firstRun shows a card that creates the first VM instead of the other panes while there are
// no VMs.
type firstRun struct {
	*model

	svc vmCreator
	// created starts a new VM and shows it.
	created func(name string)

	card  *widgets.FirstRun
	stack *fyne.Container // card
	panes fyne.CanvasObject
}

// build returns the panes and, over them, the card. Both are hidden until the first reading.
func (fr *firstRun) build(panes fyne.CanvasObject) fyne.CanvasObject {
	fr.card = widgets.NewFirstRun(assets.Icon(), lang.L("Create your first VM"), lang.L("A small Linux machine of your own, ready in seconds. Break anything: a snapshot brings it back."), lang.L("Create and start"))
	fr.card.OnCreate = fr.create
	fr.stack, fr.panes = container.NewStack(fr.card), panes
	fr.stack.Hide()
	fr.panes.Hide()
	return container.NewStack(fr.panes, fr.stack)
}

func (fr *firstRun) draw() {
	empty := len(fr.last.vms) == 0 && fr.last.err == nil
	fr.setVisible(fr.stack, empty)
	fr.setVisible(fr.panes, !empty)
}

// focusCard focuses the card's button. It reports false if the card is hidden.
func (fr *firstRun) focusCard() bool {
	if !fr.stack.Visible() {
		return false
	}
	fr.focus(fr.card.Button())
	return true
}

// create creates the first VM, starts it and focuses its console.
func (fr *firstRun) create() {
	fr.card.SetBusy(lang.L("Creating the VM…"))
	fr.call(func(ctx context.Context) error {
		_, err := fr.svc.CreateVM(ctx, app.NewVM{Name: firstVMName})
		return err
	}, func(err error) {
		fr.card.SetBusy("")
		if fr.modal.showError(err) {
			fr.reader.refresh()
			return
		}
		fr.created(firstVMName)
	})
}
