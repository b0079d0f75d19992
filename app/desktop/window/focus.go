package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"vmterminal/widgets"
)

// focusMain focuses the terminal, or the button that starts the VM or opens the shell.
func (w *window) focusMain() {
	if w.win.Canvas().Overlays().Top() != nil {
		return
	}
	if w.parts.card.Visible() {
		w.focus(w.parts.firstRun.Button())
		return
	}
	if t, ok := w.terminals.terminalShown(); ok {
		w.focus(t)
	} else if button := w.terminals.placeholder.Button(); button.Visible() {
		w.focus(button)
	}
}

// focus focuses a widget. Fyne can focus a widget that has never been drawn only after
// measuring it.
func (w *window) focus(part fyne.Focusable) {
	w.win.Content().MinSize()
	w.win.Canvas().Focus(part)
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
	w.focusMain()
	if focused := w.win.Canvas().Focused(); focused != nil {
		key(focused)
	} else if _, tabs, ok := w.terminals.tabsShown(); ok {
		tabs.shown().typeAhead(key)
	}
}

// toggleSnapshots hides the snapshot pane, or shows and focuses it.
func (tl *timeline) toggleSnapshots() {
	if tl.snapshots.Visible() {
		tl.snapshots.Hide()
		tl.w.focusMain()
		return
	}
	tl.focusSnapshots()
}

// focusSnapshots focuses the timeline.
func (tl *timeline) focusSnapshots() {
	tl.w.setVisible(tl.snapshots, true)
	if len(tl.w.last.snapshots) == 0 {
		tl.w.focusMain()
		return
	}
	if tl.timeline.Current() == "" {
		tl.timeline.SetCurrent(tl.w.last.snapshots[0].Name)
	}
	tl.w.focus(tl.timeline)
}

// shortcut handles keys that the menu bar cannot, because a menu item has only one
// shortcut. It reports whether s was one of them. Terminals call it before they handle a
// key.
func (w *window) shortcut(s fyne.Shortcut) bool {
	custom, ok := s.(*desktop.CustomShortcut)
	if !ok || custom.Modifier&fyne.KeyModifierControl == 0 {
		return false
	}
	shifted := custom.Modifier&fyne.KeyModifierShift != 0
	if custom.KeyName == fyne.KeyPlus || custom.KeyName == fyne.KeyEqual && shifted {
		w.consoles.resizeText(1)
		return true
	}
	return false
}
