//go:build !nogui

package desktop

import (
	"slices"

	"fyne.io/fyne/v2"

	"vmterminal/app"
	"vmterminal/widgets"
)

// vmTabs are the terminals of one VM: its console first, then shells.
type vmTabs struct {
	list  []*tab
	front int
	made  int // shells opened so far, for the next one's number
}

func (of *vmTabs) at(t *tab) int { return slices.Index(of.list, t) }

// shown is the tab in front.
func (of *vmTabs) shown() *tab { return of.list[of.front] }

func (of *vmTabs) add(t *tab) {
	of.list = append(of.list, t)
	of.front = len(of.list) - 1
}

// remove takes a tab away; the one left of it comes to the front.
func (of *vmTabs) remove(at int) {
	of.list = slices.Delete(of.list, at, at+1)
	if of.front >= at {
		of.front--
	}
	if len(of.list) == 1 {
		of.made = 0
	}
}

func (of *vmTabs) detach() {
	for _, t := range of.list {
		t.shell.end()
		t.terminal.Detach()
	}
}

// tabsOnWindow are the tabs of the VM on the window.
func (w *window) tabsOnWindow() (app.VM, *vmTabs, bool) {
	v, ok := w.chosen()
	if !ok || !w.parts.all.Visible() {
		return app.VM{}, nil, false
	}
	return v, w.consoles.tabs(v.Name), true
}

// chooseTab brings a tab to the front, with the keyboard in it.
func (w *window) chooseTab(at int) {
	_, of, ok := w.tabsOnWindow()
	if !ok || at < 0 || at >= len(of.list) {
		return
	}
	of.front = at
	w.redraw()
	w.focusMain()
}

// stepTab goes that many tabs to the right, round the end.
func (w *window) stepTab(by int) {
	if _, of, ok := w.tabsOnWindow(); ok {
		w.chooseTab((of.front + by + len(of.list)) % len(of.list))
	}
}

// closeTab takes a shell's tab away and ends the shell, and asks first when a
// program runs in it; the console stays.
func (w *window) closeTab(at int) {
	_, of, ok := w.tabsOnWindow()
	if !ok || at < 1 || at >= len(of.list) {
		return
	}
	t := of.list[at]
	w.ifNothingRuns([]*tab{t}, func() { w.dropTab(t) }, func(busy []busyShell) { w.askCloseShell(t, busy[0]) })
}

// dropTab closes a shell's tab, which may be gone by now.
func (w *window) dropTab(t *tab) {
	of := w.consoles.tabs(t.vm)
	at := of.at(t)
	if at < 1 {
		return
	}
	of.remove(at)
	t.shell.end()
	t.terminal.Detach()
	w.redraw()
	w.focusMain()
}

func (w *window) closeFrontTab() {
	if _, of, ok := w.tabsOnWindow(); ok {
		w.closeTab(of.front)
	}
}

// shellMenu is the menu of tabs.
func (w *window) shellMenu() *fyne.Menu {
	return fyne.NewMenu(textMenuShell(),
		item(textNewShell(), key(fyne.KeyT), w.free(w.newShell)),
		item(textCloseShell(), key(fyne.KeyW), w.free(w.closeFrontTab)),
		fyne.NewMenuItemSeparator(),
		item(textNextTab(), plainKey(fyne.KeyPageDown), w.free(func() { w.stepTab(1) })),
		item(textPreviousTab(), plainKey(fyne.KeyPageUp), w.free(func() { w.stepTab(-1) })))
}

// drawTabs draws the line of tabs above the terminal.
func (w *window) drawTabs() {
	v, ok := w.chosen()
	if !ok {
		return
	}
	of := w.consoles.tabs(v.Name)
	items := make([]widgets.TabItem, len(of.list))
	for i, t := range of.list {
		items[i] = widgets.TabItem{Label: textConsole(), CanClose: t.number > 0, Quiet: t.conn == nil}
		if t.number > 0 {
			items[i].Label = textShell(t.number)
		}
	}
	w.parts.tabs.Set(items, of.front, v.State.Alive())
}
