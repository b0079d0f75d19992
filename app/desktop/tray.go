//go:build !nogui

package desktop

import (
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"vmterminal/app"
	"vmterminal/assets"
)

// tray is the icon in the desktop's tray with its menu.
type tray struct {
	window *window
	// host asks whether the desktop shows tray icons; nil means it does not.
	host func(context.Context) bool
	// set tells that the icon was put there; shown is the menu it has.
	set   bool
	shown string
}

// hasHost tells whether the desktop shows tray icons. Not for the main goroutine.
func (t *tray) hasHost(ctx context.Context) bool { return t.host != nil && t.host(ctx) }

// put puts the icon into the tray, once, before the window is shown.
func (t *tray) put() {
	desk, ok := t.window.app.(desktop.App)
	if !ok || t.set {
		return
	}
	t.set = true
	desk.SetSystemTrayIcon(assets.TrayIcon())
	desk.SetSystemTrayWindow(t.window.win)
	// That took the close button for itself.
	t.window.win.SetCloseIntercept(t.window.closed)
	t.changed()
}

// changed builds the menu anew where it would differ.
func (t *tray) changed() {
	desk, ok := t.window.app.(desktop.App)
	if !ok || !t.set {
		return
	}
	menu := t.menu()
	labels := make([]string, len(menu.Items))
	for i, item := range menu.Items {
		labels[i] = item.Label
	}
	if now := strings.Join(labels, "\n"); now != t.shown {
		t.shown = now
		desk.SetSystemTrayMenu(menu)
	}
}

// trayVMs is how many VMs the menu holds at most.
const trayVMs = 12

// menu is the tray's menu.
func (t *tray) menu() *fyne.Menu {
	w := t.window
	items := []*fyne.MenuItem{fyne.NewMenuItem(textOpen(), w.raise), fyne.NewMenuItemSeparator()}
	vms := slices.Clone(w.last.vms)
	slices.SortStableFunc(vms, func(a, b app.VM) int { return rank(a) - rank(b) })
	for _, v := range vms[:min(trayVMs, len(vms))] {
		items = append(items, t.open(v), t.quick(v), t.power(v), fyne.NewMenuItemSeparator())
	}
	if more := len(vms) - trayVMs; more > 0 {
		items = append(items, fyne.NewMenuItem(textMore(more), w.raise), fyne.NewMenuItemSeparator())
	}
	quit := fyne.NewMenuItem(textQuit(), w.askQuit)
	quit.IsQuit = true
	return fyne.NewMenu(textTitle(""), append(items, quit)...)
}

// rank sorts running VMs first.
func rank(v app.VM) int {
	if v.State.Alive() {
		return 0
	}
	return 1
}

// open shows a VM with its state, and opens the window at it.
func (t *tray) open(v app.VM) *fyne.MenuItem {
	w := t.window
	state := textState(v.State)
	if doing := w.busy[v.Name]; doing != "" {
		state = doing
	}
	if age := textAge(v.LastSnapshot, w.last.at); age != "" {
		state += ", " + textVMAge(age)
	}
	return fyne.NewMenuItem(textTrayVM(v.Name, state), func() {
		w.raise()
		w.choose(v.Name)
	})
}

// quick takes a snapshot of a VM, and shows how far its job is.
func (t *tray) quick(v app.VM) *fyne.MenuItem {
	w := t.window
	job, at, runs := w.jobs.of(v.Name)
	if runs {
		item := fyne.NewMenuItem(textQuickRunning(textJob(job), percent(at)), nil)
		item.Disabled = true
		return item
	}
	item := fyne.NewMenuItem(textQuick(v.Name), func() { w.quickSnapshot(v.Name) })
	item.Disabled = v.State == app.Broken || v.State == app.Lost
	return item
}

// power starts or stops a VM.
func (t *tray) power(v app.VM) *fyne.MenuItem {
	w := t.window
	text, do := textStartVM(v.Name), func() { w.startVM(v.Name) }
	if v.State.Alive() {
		text, do = textStopVM(v.Name), func() { w.stopVM(v.Name, app.StopOptions{}) }
	}
	item := fyne.NewMenuItem(text, do)
	item.Disabled = !w.canPower(v)
	return item
}
