package window

import (
	"fyne.io/fyne/v2"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/assets"
)

// show stores a reading and draws it.
func (w *window) show(r reading) {
	if r.selectionCount < w.selectionCount {
		// Another VM was selected after this reading began, and the next reading is under way.
		// Use only this reading's list of VMs, if it contains the selected VM.
		if _, there := r.vm(w.last.selected); !there {
			return
		}
		r.selected, r.snapshots, r.undo, r.snapErr = w.last.selected, w.last.snapshots, w.last.undo, w.last.snapErr
	}
	first := w.last.at.IsZero()
	w.last = r
	w.measure(r)
	if v, ok := r.vm(r.selected); first && ok && v.State.Alive() {
		w.focusNext = v.Name
	}
	w.consoles.follow(r)
	w.redraw()
	if first {
		w.focusMain()
	}
}

// redraw draws everything that has changed.
func (w *window) redraw() {
	empty := len(w.last.vms) == 0 && w.last.err == nil
	w.setVisible(w.parts.card, empty)
	w.setVisible(w.parts.all, !empty)
	title := words.Title(w.last.selected)
	if w.win.Title() != title {
		w.win.SetTitle(title)
	}
	w.sidebar.drawVMs()
	w.header.drawHeader()
	w.terminals.drawTerminalArea()
	w.timeline.drawSnapshots()
	w.noticeBar.drawBanner()
	w.drawMenus()
	w.tray.update()
}

// setVisible shows or hides a part of the window. Fyne neither draws nor refreshes a part that
// is shown for the first time, unless the canvas is refreshed.
func (w *window) setVisible(o fyne.CanvasObject, visible bool) {
	switch {
	case visible && !o.Visible():
		o.Show()
		w.win.Canvas().Refresh(o)
	case !visible && o.Visible():
		o.Hide()
	}
}

// stateIcon returns the icon for the state of a VM.
func (w *window) stateIcon(v app.VM) fyne.Resource {
	if w.busy[v.Name] != "" {
		return assets.ChangingIcon
	}
	switch v.State {
	case app.Running:
		return assets.RunningIcon
	case app.Starting, app.Stopping:
		return assets.ChangingIcon
	case app.Paused:
		return assets.PausedIcon
	case app.Lost:
		return assets.SilentIcon
	case app.Broken:
		return assets.BrokenIcon
	default:
		return assets.StoppedIcon
	}
}

func setEnabled(b fyne.Disableable, on bool) {
	switch {
	case on && b.Disabled():
		b.Enable()
	case !on && !b.Disabled():
		b.Disable()
	}
}
