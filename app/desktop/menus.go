//go:build !nogui

package desktop

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"vmterminal/widgets"
	"vmterminal/widgets/console"
)

// key is a shortcut of the window: Ctrl+Shift and a letter, since plain
// Ctrl+letter belongs to the guest.
func key(name fyne.KeyName) fyne.Shortcut {
	return &desktop.CustomShortcut{KeyName: name, Modifier: fyne.KeyModifierControl | fyne.KeyModifierShift}
}

// plainKey is a shortcut with Ctrl alone, for keys that no guest misses.
func plainKey(name fyne.KeyName) fyne.Shortcut {
	return &desktop.CustomShortcut{KeyName: name, Modifier: fyne.KeyModifierControl}
}

func item(label string, shortcut fyne.Shortcut, action func()) *fyne.MenuItem {
	i := fyne.NewMenuItem(label, action)
	i.Shortcut = shortcut
	return i
}

// mainMenu is the menu bar. Its shortcuts work wherever the focus is: Fyne asks
// the menu first, before a focused terminal.
func (w *window) mainMenu() *fyne.MainMenu {
	quit := item(textQuit(), nil, w.free(w.askQuit))
	quit.IsQuit = true
	bar := fyne.NewMainMenu(
		fyne.NewMenu(textMenuFile(),
			item(textDots(textNewVM()), key(fyne.KeyN), w.free(w.askNewVM)),
			item(textDots(textStorage()), nil, w.free(w.askStorage)),
			fyne.NewMenuItemSeparator(), quit),
		fyne.NewMenu(textMenuEdit(),
			item(textCopy(), key(fyne.KeyC), w.onTerminal((*console.Console).Copy)),
			item(textPaste(), key(fyne.KeyV), w.onTerminal((*console.Console).Paste)),
			item(textDots(textFind()), key(fyne.KeyF), w.free(w.openFind))),
		w.shellMenu(),
		fyne.NewMenu(textMenuVM(), append(w.items(w.vmActions()),
			fyne.NewMenuItemSeparator(),
			item(textNextVM(), key(fyne.KeyDown), w.free(func() { w.step(1) })),
			item(textPreviousVM(), key(fyne.KeyUp), w.free(func() { w.step(-1) })))...),
		fyne.NewMenu(textSnapshot(), append(append(w.items(w.storeActions()), fyne.NewMenuItemSeparator()),
			w.items(w.snapshotActions())...)...),
		fyne.NewMenu(textMenuView(),
			item(textDots(textJobHistory()), nil, w.free(w.askJobHistory)),
			item(textHistory(), key(fyne.KeyH), w.free(w.toggleSnapshots)),
			fyne.NewMenuItemSeparator(),
			item(textGoVMs(), key(fyne.Key1), w.free(func() { w.focus(w.parts.vms) })),
			item(textGoTerminal(), key(fyne.Key2), w.free(w.focusMain)),
			item(textGoSnapshots(), key(fyne.Key3), w.free(w.goSnapshots)),
			fyne.NewMenuItemSeparator(),
			item(textLarger(), plainKey(fyne.KeyEqual), func() { w.consoles.resizeText(1) }),
			item(textSmaller(), plainKey(fyne.KeyMinus), func() { w.consoles.resizeText(-1) }),
			item(textNormal(), plainKey(fyne.Key0), func() { w.consoles.resizeText(0) })),
		fyne.NewMenu(textMenuHelp(),
			item(textKeys(), nil, w.free(w.tellKeys)),
			item(textAbout(), nil, w.free(w.tellAbout))),
	)
	return bar
}

// onTerminal is a free action on the terminal on the window.
func (w *window) onTerminal(action func(*console.Console)) func() {
	return w.free(func() {
		if t, ok := w.terminalOnWindow(); ok {
			action(t)
		}
	})
}

// tellKeys lists the keys: those of the menus, and those that are in none.
func (w *window) tellKeys() {
	var list []widgets.Fact
	for _, menu := range w.win.MainMenu().Items {
		for _, i := range menu.Items {
			if shortcut, ok := i.Shortcut.(*desktop.CustomShortcut); ok {
				list = append(list, widgets.Fact{Label: keyName(shortcut), Value: strings.TrimSuffix(i.Label, "…")})
			}
		}
	}
	list = append(list,
		widgets.Fact{Label: textKeyAlt(), Value: textMenuBar()},
		widgets.Fact{Label: textKeyMenu(), Value: textChosenMenu()},
		widgets.Fact{Label: textKeysPages(), Value: textScrollBack()},
		widgets.Fact{Label: textCtrlClick(), Value: textOpenLink()})
	table := widgets.NewFacts()
	table.LabelWidth = 150
	table.Set(list)
	w.openSheet(textKeys(), w.scrolling(table), textClose(), nil)
}

// keyNames are those of keys that Fyne calls otherwise than keyboards do.
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

func (w *window) tellAbout() {
	w.tell(textAbout(), textSlogan()+"\n\n"+textVersion(w.opt.Version))
}
