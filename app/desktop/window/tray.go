package window

import (
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/assets"
)

// tray is the icon in the desktop's tray with its menu.
type tray struct {
	*model

	jobs  *jobTracker
	power *vmPower
	// quickSnapshot takes a snapshot of a VM without asking for a name.
	quickSnapshot           func(vm string)
	askQuit, closeRequested func()

	// host reports whether the desktop shows tray icons; nil means it does not.
	host func(context.Context) bool
	// installed is set once the icon is in the tray; menuText is the text of its menu.
	installed bool
	menuText  string
}

// isShown reports whether the desktop shows the icon. It must not be called on the main
// goroutine, nor before install.
func (t *tray) isShown(ctx context.Context) bool {
	return t.installed && t.host != nil && t.host(ctx)
}

// install installs the tray icon. It must be called once, before the window is shown.
func (t *tray) install() {
	desk, ok := t.app.(desktop.App)
	if !ok || t.installed {
		return
	}
	t.installed = true
	desk.SetSystemTrayIcon(assets.TrayIcon())
	desk.SetSystemTrayWindow(t.win)
	// SetSystemTrayWindow has replaced the handler of the close button.
	t.win.SetCloseIntercept(t.closeRequested)
	t.update()
}

// update rebuilds the menu if it has changed.
func (t *tray) update() {
	desk, ok := t.app.(desktop.App)
	if !ok || !t.installed {
		return
	}
	menu := t.menu()
	labels := make([]string, len(menu.Items))
	for i, item := range menu.Items {
		labels[i] = item.Label
	}
	if now := strings.Join(labels, "\n"); now != t.menuText {
		t.menuText = now
		desk.SetSystemTrayMenu(menu)
	}
}

// trayVMs is the maximum number of VMs in the menu.
const trayVMs = 12

// menu returns the menu of the tray icon.
func (t *tray) menu() *fyne.Menu {
	items := []*fyne.MenuItem{fyne.NewMenuItem(lang.L("Open VMTerminal"), t.raise), fyne.NewMenuItemSeparator()}
	vms := slices.Clone(t.last.vms)
	slices.SortStableFunc(vms, func(a, b app.VM) int { return rank(a) - rank(b) })
	for _, v := range vms[:min(trayVMs, len(vms))] {
		items = append(items, t.openItem(v), t.snapshotItem(v), t.powerItem(v), fyne.NewMenuItemSeparator())
	}
	if more := len(vms) - trayVMs; more > 0 {
		items = append(items, fyne.NewMenuItem(lang.L("{{.N}} more…", words.Values{"N": more}), t.raise), fyne.NewMenuItemSeparator())
	}
	quit := fyne.NewMenuItem(lang.L("Quit"), t.askQuit)
	quit.IsQuit = true
	return fyne.NewMenu(words.Title(""), append(items, quit)...)
}

// rank sorts running VMs first.
func rank(v app.VM) int {
	if v.State.Alive() {
		return 0
	}
	return 1
}

// openItem returns the item with the VM's name and state, which opens the window.
func (t *tray) openItem(v app.VM) *fyne.MenuItem {
	state := words.VMState(v.State)
	if activity := t.busy[v.Name]; activity != "" {
		state = activity
	}
	if age := words.Age(v.LastSnapshot, t.last.at); age != "" {
		state += ", " + lang.L("snapshot {{.Age}}", words.Values{"Age": age})
	}
	return fyne.NewMenuItem(v.Name+" — "+state, func() {
		t.raise()
		t.selectVM(v.Name)
	})
}

// snapshotItem returns the item that takes a snapshot of a VM, or shows the progress of its
// job.
func (t *tray) snapshotItem(v app.VM) *fyne.MenuItem {
	job, progress, ok := t.jobs.runningJob(v.Name)
	if ok {
		item := fyne.NewMenuItem(quickSnapshotLabel(words.Job(job.Kind, job.VM, job.Subject), words.Percent(progress)), nil)
		item.Disabled = true
		return item
	}
	item := fyne.NewMenuItem(lang.L("Quick snapshot of {{.VM}}", words.Values{"VM": v.Name}), func() { t.quickSnapshot(v.Name) })
	item.Disabled = v.State == app.Broken || v.State == app.Lost
	return item
}

// powerItem returns the item that starts or stops a VM.
func (t *tray) powerItem(v app.VM) *fyne.MenuItem {
	text, do := lang.L("Start {{.VM}}", words.Values{"VM": v.Name}), func() { t.power.startVM(v.Name) }
	if v.State.Alive() {
		text, do = lang.L("Stop {{.VM}}", words.Values{"VM": v.Name}), func() { t.power.askStop(v.Name) }
	}
	item := fyne.NewMenuItem(text, do)
	item.Disabled = !t.power.canPower(v)
	return item
}

func quickSnapshotLabel(job, done string) string {
	if done == "" {
		return job + "…"
	}
	return job + ": " + done
}
