//go:build !nogui

package desktop

import (
	"net/netip"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"vmterminal/app"
	"vmterminal/assets"
	"vmterminal/widgets"
)

// show takes a reading and draws it.
func (w *window) show(r reading) {
	if r.chosen != w.last.chosen && w.last.chosen != "" {
		if _, there := r.vm(w.last.chosen); there {
			// The person chose another VM while this one was being read.
			r.chosen, r.snapshots, r.undo, r.snapErr = w.last.chosen, w.last.snapshots, w.last.undo, w.last.snapErr
		}
	}
	first := w.last.at.IsZero()
	w.last = r
	w.measure(r)
	if v, ok := r.vm(r.chosen); first && ok && v.State.Alive() {
		w.focusNext = v.Name
	}
	w.consoles.follow(r)
	w.redraw()
	if first {
		w.focusMain()
	}
}

// redraw draws what is known; what has not changed is not drawn again.
func (w *window) redraw() {
	empty := len(w.last.vms) == 0 && w.last.err == nil
	w.setVisible(w.parts.card, empty)
	w.setVisible(w.parts.all, !empty)
	title := textTitle(w.last.chosen)
	if w.win.Title() != title {
		w.win.SetTitle(title)
	}
	w.drawVMs()
	w.drawHeader()
	w.drawPlace()
	w.drawSnapshots()
	w.drawBanner()
	w.drawMenus()
	w.tray.changed()
}

// setVisible shows or hides a part. That one is shown makes Fyne draw nothing,
// nor does refreshing what it has never drawn: only its canvas can.
func (w *window) setVisible(o fyne.CanvasObject, visible bool) {
	switch {
	case visible && !o.Visible():
		o.Show()
		w.win.Canvas().Refresh(o)
	case !visible && o.Visible():
		o.Hide()
	}
}

func (w *window) drawVMs() {
	items := make([]widgets.VMItem, len(w.last.vms))
	for i, v := range w.last.vms {
		items[i] = w.vmItem(v)
	}
	w.parts.vms.Set(items, w.last.chosen)
}

func (w *window) vmItem(v app.VM) widgets.VMItem {
	item := widgets.VMItem{Name: v.Name, Mark: w.mark(v)}
	if v.State == app.Broken {
		item.Detail, item.Alert = v.Problem, true
		return item
	}
	item.Detail = size(v.DiskUsed)
	if age := textAge(v.LastSnapshot, w.last.at); age != "" {
		item.Detail += "  ·  " + textVMAge(age)
	} else {
		item.Detail += "  ·  " + textWithoutSnapshot()
	}
	return item
}

// mark is a VM's state as a shape.
func (w *window) mark(v app.VM) fyne.Resource {
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

// mainAddress is the one of a guest's addresses that there is room for: of IPv4, if
// it has one.
func mainAddress(all []string) string {
	for _, a := range all {
		if ip, err := netip.ParseAddr(a); err == nil && ip.Is4() {
			return a
		}
	}
	return all[0]
}

// drawHeader draws the line above the terminal.
func (w *window) drawHeader() {
	p := &w.parts
	v, ok := w.chosen()
	if !ok {
		p.name.Set(textNoVM())
		p.state.Set("")
		p.power.Disable()
		p.snapshot.Disable()
		return
	}
	if mark := w.mark(v); p.mark.Resource != mark {
		p.mark.SetResource(mark)
	}
	p.name.Set(v.Name)
	p.state.Set(w.stateLine(v))
	text, icon := textStart(), theme.MediaPlayIcon()
	if v.State.Alive() {
		text, icon = textStop(), theme.MediaStopIcon()
	}
	if p.power.Text != text {
		p.power.Icon = icon
		p.power.SetText(text)
	}
	setEnabled(p.power, w.canPower(v))
	setEnabled(p.snapshot, w.canSnapshot(v))
	setEnabled(p.restore, w.whenRestorable())
	setEnabled(p.del, w.idle(v))
}

func setEnabled(b fyne.Disableable, on bool) {
	switch {
	case on && b.Disabled():
		b.Enable()
	case !on && !b.Disabled():
		b.Disable()
	}
}

// stateLine is the line below the name: state, accelerator, addresses.
func (w *window) stateLine(v app.VM) string {
	if doing := w.busy[v.Name]; doing != "" {
		return doing
	}
	words := []string{textState(v.State)}
	if v.Problem != "" && v.State != app.Broken { // a broken one's stands below
		words = append(words, textTrouble(v.Problem))
	}
	if v.State.Alive() {
		if v.Accelerator != "" {
			words = append(words, strings.ToUpper(v.Accelerator))
		}
		if len(v.Addresses) > 0 { // before what may be cut off
			words = append(words, mainAddress(v.Addresses))
		}
		if !v.Since.IsZero() {
			words = append(words, textUp(textSpan(w.last.at.Sub(v.Since))))
		}
		words = append(words, w.usage(v)...)
	}
	if _, _, ours := w.jobs.of(v.Name); v.Doing != "" && !ours {
		words = append(words, textDoing(v.Doing))
	}
	return strings.Join(words, "  ·  ")
}
