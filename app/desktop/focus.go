//go:build !nogui

package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"vmterminal/widgets"
)

// focusMain puts the keyboard where work goes on: into the terminal, else onto
// the button that gets one.
func (w *window) focusMain() {
	if w.win.Canvas().Overlays().Top() != nil {
		return
	}
	if w.parts.card.Visible() {
		w.focus(w.parts.firstRun.Button())
		return
	}
	if t, ok := w.terminalOnWindow(); ok {
		w.focus(t)
	} else if button := w.parts.off.Button(); button.Visible() {
		w.focus(button)
	}
}

// focus puts the keyboard onto a part of the window. Fyne finds only widgets
// that were measured once, which those never drawn yet were not.
func (w *window) focus(part fyne.Focusable) {
	w.win.Content().MinSize()
	w.win.Canvas().Focus(part)
}

// typeSheet gives a key to a sheet, unless a dialog of the toolkit's, which does
// not know Escape, is over it.
func (w *window) typeSheet(s *widgets.Sheet, key *fyne.KeyEvent) {
	over := w.win.Canvas().Overlays()
	switch {
	case s.OnTop():
		s.TypedKey(key)
	case key.Name == fyne.KeyEscape:
		over.Remove(over.Top())
	}
}

// strayKeys gives keys that nothing on the window has the focus for to the
// sheet on top, or to the terminal.
func (w *window) strayKeys() {
	c := w.win.Canvas()
	c.SetOnTypedKey(func(key *fyne.KeyEvent) {
		if len(w.sheets) > 0 {
			w.typeSheet(w.sheets[len(w.sheets)-1], key)
			return
		}
		w.typeMain(func(to fyne.Focusable) { to.TypedKey(key) })
	})
	c.SetOnTypedRune(func(r rune) {
		if len(w.sheets) > 0 {
			return
		}
		w.typeMain(func(to fyne.Focusable) { to.TypedRune(r) })
	})
}

// typeMain types where work goes on. What is typed before a shell is there waits
// for it.
func (w *window) typeMain(key func(to fyne.Focusable)) {
	w.focusMain()
	if focused := w.win.Canvas().Focused(); focused != nil {
		key(focused)
	} else if _, of, ok := w.tabsOnWindow(); ok {
		of.shown().typeAhead(key)
	}
}

// toggleSnapshots folds the pane of snapshots away, or shows it with the
// keyboard in it.
func (w *window) toggleSnapshots() {
	if w.parts.snapshots.Visible() {
		w.parts.snapshots.Hide()
		w.focusMain()
		return
	}
	w.goSnapshots()
}

// goSnapshots puts the keyboard into the timeline.
func (w *window) goSnapshots() {
	p := &w.parts
	w.setVisible(p.snapshots, true)
	if len(w.last.snapshots) == 0 {
		w.focusMain()
		return
	}
	if p.timeline.Chosen() == "" {
		p.timeline.Choose(w.last.snapshots[0].Name)
	}
	w.focus(p.timeline)
}

// shortcut takes the keys that a menu cannot name because its item has another
// already, and tells whether it was one. The terminal asks it first.
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
