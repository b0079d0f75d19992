package window

import (
	"net/url"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/widgets"
	"vmterminal/widgets/console"
)

// terminals is the area of the window with the terminals of the selected VM: their tabs,
// the status bar and the find bar, and the placeholder shown without a terminal.
type terminals struct {
	*model

	jobs     *jobTracker
	power    *vmPower
	programs *programGuard
	consoles *consoles
	// openURL opens a web page.
	openURL func(*url.URL) error

	tabs        *widgets.TabBar
	placeholder *widgets.OffView
	area        *fyne.Container // the terminal, or the placeholder
	statusBar   statusBar
	find        *widgets.FindBar
	// finding is the terminal that the find bar searches, or nil while the bar is hidden.
	finding *console.Console
}

func newTerminals(m *model, svc terminalService, jobs *jobTracker, power *vmPower, programs *programGuard) *terminals {
	ts := &terminals{model: m, jobs: jobs, power: power, programs: programs, openURL: m.app.OpenURL}
	ts.consoles = &consoles{
		model: m, svc: svc, byVM: map[string]*vmTabs{}, size: textSizeNormal,
		isShown: ts.isShown, onStatus: ts.drawStatusBar, openLink: ts.openLink,
	}
	return ts
}

// build builds the terminals with their tabs.
func (ts *terminals) build() fyne.CanvasObject {
	ts.placeholder = widgets.NewOffView()
	ts.placeholder.OnButton = ts.unlessModal(ts.pressPlaceholder)
	ts.tabs = widgets.NewTabBar()
	ts.tabs.OnSelect, ts.tabs.OnClose, ts.tabs.OnAdd = ts.selectTab, ts.closeTab, ts.unlessModal(ts.newShell)
	ts.area = container.NewStack(widgets.NewGap(0, 0), ts.buildStatusBar(), ts.placeholder)
	return widgets.NewFrame(ts.tabs, ts.buildFind(), nil, nil, container.New(layout.NewCustomPaddedLayout(4, 0, 8, 0), ts.area))
}

// vmTabs are the terminals of one VM: its console first, then shells.
type vmTabs struct {
	list         []*tab
	frontTab     int
	shellsOpened int // used to number the next shell
}

func (vt *vmTabs) index(t *tab) int { return slices.Index(vt.list, t) }

// shown returns the tab in front.
func (vt *vmTabs) shown() *tab { return vt.list[vt.frontTab] }

func (vt *vmTabs) add(t *tab) {
	vt.list = append(vt.list, t)
	vt.frontTab = len(vt.list) - 1
}

// remove closes a tab; the one on its left comes to the front.
func (vt *vmTabs) remove(at int) {
	vt.list = slices.Delete(vt.list, at, at+1)
	if vt.frontTab >= at {
		vt.frontTab--
	}
	if len(vt.list) == 1 {
		vt.shellsOpened = 0
	}
}

func (vt *vmTabs) detach() {
	for _, t := range vt.list {
		t.shell.end()
		t.terminal.Detach()
	}
}

// tabsShown returns the selected VM and its tabs, and false if no VM is selected.
func (ts *terminals) tabsShown() (app.VM, *vmTabs, bool) {
	v, ok := ts.selected()
	if !ok {
		return app.VM{}, nil, false
	}
	return v, ts.consoles.tabs(v.Name), true
}

// selectTab brings a tab to the front and focuses its terminal.
func (ts *terminals) selectTab(at int) {
	_, tabs, ok := ts.tabsShown()
	if !ok || at < 0 || at >= len(tabs.list) {
		return
	}
	tabs.frontTab = at
	ts.redraw()
	ts.focusMain()
}

// stepTab moves the selection by a number of tabs to the right, wrapping around at the end.
func (ts *terminals) stepTab(by int) {
	if _, tabs, ok := ts.tabsShown(); ok {
		ts.selectTab((tabs.frontTab + by + len(tabs.list)) % len(tabs.list))
	}
}

// closeTab closes the tab of a shell. If a program runs in the shell, closeTab asks first. It
// does nothing for the console.
func (ts *terminals) closeTab(at int) {
	_, tabs, ok := ts.tabsShown()
	if !ok || at < 1 || at >= len(tabs.list) {
		return
	}
	t := tabs.list[at]
	ts.programs.unlessShellsBusy([]*tab{t}, func() { ts.dropTab(t) }, func(busy []busyShell) { ts.askCloseShell(t, busy[0]) })
}

// dropTab closes the tab of a shell. It does nothing if the tab is already closed.
func (ts *terminals) dropTab(t *tab) {
	tabs := ts.consoles.tabs(t.vm)
	at := tabs.index(t)
	if at < 1 {
		return
	}
	tabs.remove(at)
	t.shell.end()
	t.terminal.Detach()
	ts.redraw()
	ts.focusMain()
}

func (ts *terminals) closeFrontTab() {
	if _, tabs, ok := ts.tabsShown(); ok {
		ts.closeTab(tabs.frontTab)
	}
}

// shellMenu returns the menu for shells and tabs.
func (ts *terminals) shellMenu() *fyne.Menu {
	return fyne.NewMenu(lang.L("Shell"),
		item(lang.L("New shell"), key(fyne.KeyT), ts.unlessModal(ts.newShell)),
		item(lang.L("Close shell"), key(fyne.KeyW), ts.unlessModal(ts.closeFrontTab)),
		fyne.NewMenuItemSeparator(),
		item(lang.L("Next tab"), plainKey(fyne.KeyPageDown), ts.unlessModal(func() { ts.stepTab(1) })),
		item(lang.L("Previous tab"), plainKey(fyne.KeyPageUp), ts.unlessModal(func() { ts.stepTab(-1) })))
}

// drawTabs draws the tab bar.
func (ts *terminals) drawTabs() {
	v, ok := ts.selected()
	if !ok {
		return
	}
	tabs := ts.consoles.tabs(v.Name)
	items := make([]widgets.TabItem, len(tabs.list))
	for i, t := range tabs.list {
		items[i] = widgets.TabItem{Label: lang.L("Console"), CanClose: t.number > 0, Quiet: t.conn == nil}
		if t.number > 0 {
			items[i].Label = lang.L("Shell {{.N}}", words.Values{"N": t.number})
		}
	}
	ts.tabs.Set(items, tabs.frontTab, v.State.Alive())
}
