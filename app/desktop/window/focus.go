package window

import (
	"fyne.io/fyne/v2"

	"vmterminal/widgets"
)

// focusTerminal focuses the terminal, or the button that starts the VM or opens the shell. If
// there are no VMs, it focuses the button that creates the first one.
func (w *window) focusTerminal() {
	if !w.hasOverlay() && !w.firstRun.focusCard() {
		w.terminals.focusShown()
	}
}

// typeInDialog passes a key to a dialog. If one of Fyne's own dialogs is on top, Escape closes
// that one, and other keys are ignored.
func (w *window) typeInDialog(d *widgets.Dialog, key *fyne.KeyEvent) {
	over := w.win.Canvas().Overlays()
	switch {
	case d.OnTop():
		d.TypedKey(key)
	case key.Name == fyne.KeyEscape:
		w.win.Canvas().Unfocus() // as in Dialog.Close
		over.Remove(over.Top())
	}
}

// routeUnfocusedKeys passes keys typed while no widget has the focus to the topmost dialog, or
// to the terminal.
func (w *window) routeUnfocusedKeys() {
	c := w.win.Canvas()
	c.SetOnTypedKey(func(key *fyne.KeyEvent) {
		if len(w.modal.dialogs) > 0 {
			w.typeInDialog(w.modal.dialogs[len(w.modal.dialogs)-1], key)
			return
		}
		w.typeMain(func(to fyne.Focusable) { to.TypedKey(key) })
	})
	c.SetOnTypedRune(func(r rune) {
		if len(w.modal.dialogs) > 0 {
			return
		}
		w.typeMain(func(to fyne.Focusable) { to.TypedRune(r) })
	})
}

// typeMain focuses the main widget and passes it a key. Keys typed while a shell is opening
// are sent to it later.
func (w *window) typeMain(key func(to fyne.Focusable)) {
	w.focusTerminal()
	if focused := w.win.Canvas().Focused(); focused != nil {
		key(focused)
	} else {
		w.terminals.typeAhead(key)
	}
}
