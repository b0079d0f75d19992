//go:build !nogui

package desktop

import (
	"fyne.io/fyne/v2/widget"

	"vmterminal/widgets"
)

// askCloseShell asks before a program is ended with its shell.
func (w *window) askCloseShell(t *tab, busy busyShell) {
	if !w.consoles.has(t) || len(w.sheets) > 0 {
		return
	}
	var s *widgets.Sheet
	end := &widgets.SheetButton{Text: textCloseShell(), Look: widget.DangerImportance, OnTapped: func() {
		w.closeSheet(s)
		w.dropTab(t)
	}}
	s = w.openSheet(textCloseShellTitle(busy.number), paragraph(textCloseShellAbout(busy)), textCancel(), nil, end)
}

// askQuitShells asks before programs are ended with the window.
func (w *window) askQuitShells(busy []busyShell, quit func()) {
	w.front()
	var s *widgets.Sheet
	end := &widgets.SheetButton{Text: textEndAndQuit(), Look: widget.DangerImportance, OnTapped: func() {
		w.closeSheet(s)
		quit()
	}}
	s = w.openSheet(textQuitShellsTitle(), paragraph(textQuitShellsAbout(busy)), textCancel(), nil, end)
}
