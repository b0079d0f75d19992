package window

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"

	"vmterminal/app/desktop/words"
	"vmterminal/widgets"
	"vmterminal/widgets/console"
)

// key returns a shortcut with Ctrl+Shift. Ctrl+letter belongs to the guest.
func key(name fyne.KeyName) fyne.Shortcut {
	return &desktop.CustomShortcut{KeyName: name, Modifier: fyne.KeyModifierControl | fyne.KeyModifierShift}
}

// plainKey returns a shortcut with Ctrl alone, for keys that guests do not need.
func plainKey(name fyne.KeyName) fyne.Shortcut {
	return &desktop.CustomShortcut{KeyName: name, Modifier: fyne.KeyModifierControl}
}

func item(label string, shortcut fyne.Shortcut, action func()) *fyne.MenuItem {
	i := fyne.NewMenuItem(label, action)
	i.Shortcut = shortcut
	return i
}

// mainMenu returns the menu bar. Its shortcuts work no matter which widget has the focus, since
// Fyne handles them before that widget.
func (w *window) mainMenu() *fyne.MainMenu {
	quit := item(lang.L("Quit"), nil, w.unlessModal(w.quitter.askQuit))
	quit.IsQuit = true
	bar := fyne.NewMainMenu(
		fyne.NewMenu(lang.L("File"),
			item(lang.L("New VM")+"…", key(fyne.KeyN), w.unlessModal(w.vmDialogs.askNewVM)),
			item(lang.L("Storage")+"…", nil, w.unlessModal(w.storage.askStorage)),
			fyne.NewMenuItemSeparator(), quit),
		fyne.NewMenu(lang.L("Edit"),
			item(lang.L("Copy"), key(fyne.KeyC), w.terminals.onTerminal((*console.Console).Copy)),
			item(lang.L("Paste"), key(fyne.KeyV), w.terminals.onTerminal((*console.Console).Paste)),
			item(lang.L("Find")+"…", key(fyne.KeyF), w.unlessModal(w.terminals.openFind))),
		w.terminals.shellMenu(),
		fyne.NewMenu(lang.L("VM"), append(w.menuBar.items(w.vmDialogs.actions()),
			fyne.NewMenuItemSeparator(),
			item(lang.L("Next VM"), key(fyne.KeyDown), w.unlessModal(func() { w.sidebar.stepVM(1) })),
			item(lang.L("Previous VM"), key(fyne.KeyUp), w.unlessModal(func() { w.sidebar.stepVM(-1) })))...),
		fyne.NewMenu(lang.L("Snapshot"), append(append(w.menuBar.items(w.timeline.storeActions()), fyne.NewMenuItemSeparator()),
			w.menuBar.items(w.timeline.snapshotActions())...)...),
		fyne.NewMenu(lang.L("View"),
			item(lang.L("Job history")+"…", nil, w.unlessModal(w.storage.askJobHistory)),
			item(lang.L("Show snapshots"), key(fyne.KeyH), w.unlessModal(w.timeline.toggleSnapshots)),
			fyne.NewMenuItemSeparator(),
			item(lang.L("Go to the VMs"), key(fyne.Key1), w.unlessModal(w.sidebar.focusList)),
			item(lang.L("Go to the terminal"), key(fyne.Key2), w.unlessModal(w.focusTerminal)),
			item(lang.L("Go to the snapshots"), key(fyne.Key3), w.unlessModal(w.timeline.focusSnapshots)),
			fyne.NewMenuItemSeparator(),
			item(lang.L("Zoom in"), plainKey(fyne.KeyEqual), func() { w.terminals.consoles.resizeText(1) }),
			item(lang.L("Zoom out"), plainKey(fyne.KeyMinus), func() { w.terminals.consoles.resizeText(-1) }),
			item(lang.L("Normal size"), plainKey(fyne.Key0), func() { w.terminals.consoles.resizeText(0) })),
		fyne.NewMenu(lang.L("Help"),
			item(lang.L("Keyboard shortcuts"), nil, w.unlessModal(w.menuBar.showShortcuts)),
			item(lang.L("About VMTerminal"), nil, w.unlessModal(w.menuBar.showAbout))),
	)
	return bar
}

// onTerminal returns an action on the terminal shown, for menus.
func (ts *terminals) onTerminal(action func(*console.Console)) func() {
	return ts.unlessModal(func() {
		if t, ok := ts.terminalShown(); ok {
			action(t)
		}
	})
}

// showShortcuts lists the shortcuts of the menus, and those that are not in any menu.
func (mb *menuBar) showShortcuts() {
	var list []widgets.Fact
	for _, menu := range mb.win.MainMenu().Items {
		for _, i := range menu.Items {
			if shortcut, ok := i.Shortcut.(*desktop.CustomShortcut); ok {
				list = append(list, widgets.Fact{Label: keyName(shortcut), Value: strings.TrimSuffix(i.Label, "…")})
			}
		}
	}
	list = append(list,
		widgets.Fact{Label: lang.L("Alt"), Value: lang.L("Menu bar")},
		widgets.Fact{Label: lang.L("Menu key"), Value: lang.L("Menu of the selected VM or snapshot")},
		widgets.Fact{Label: lang.L("Shift+PgUp, PgDn"), Value: lang.L("Scroll the terminal")},
		widgets.Fact{Label: lang.L("Ctrl+click"), Value: lang.L("Open a link in the terminal")})
	table := widgets.NewFacts()
	table.LabelWidth = 150
	table.Set(list)
	mb.modal.openDialog(lang.L("Keyboard shortcuts"), mb.modal.scrollable(table), lang.L("Close"), nil)
}

// keyNames maps keys to the names printed on keyboards, where Fyne's names differ.
var keyNames = map[fyne.KeyName]string{
	fyne.KeyPageUp: "PgUp", fyne.KeyPageDown: "PgDn", fyne.KeyEqual: "+", fyne.KeyMinus: "−",
	fyne.KeyUp: "↑", fyne.KeyDown: "↓",
}

func keyName(s *desktop.CustomShortcut) string {
	name, ok := keyNames[s.KeyName]
	if !ok {
		name = string(s.KeyName)
	}
	if s.Modifier&fyne.KeyModifierShift != 0 {
		return "Ctrl+Shift+" + name
	}
	return "Ctrl+" + name
}

func (mb *menuBar) showAbout() {
	mb.modal.showMessage(lang.L("About VMTerminal"), lang.L("Break anything and be back in seconds.")+"\n\n"+lang.L("Version {{.V}}", words.Values{"V": mb.version}))
}
