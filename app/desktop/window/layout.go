package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app/desktop/words"
	"vmterminal/assets"
	"vmterminal/widgets"
)

// The widths of the panes left and right of the terminal, and the height of the headers of
// all three.
const (
	vmPaneWidth       = 232
	snapshotPaneWidth = 320
	headHeight        = 52
)

// parts contains the parts of the window that change.
type parts struct {
	// all is everything but the first-run card.
	all      *fyne.Container
	card     *fyne.Container
	firstRun *widgets.FirstRun

	jobBar *widgets.JobBar
}

// build builds the content, menus and keys of the window.
func (w *window) build() {
	p := &w.parts
	p.jobBar = widgets.NewJobBar()
	p.jobBar.OnButton = func(id int64) { w.jobs.press(id) }
	w.buildFirstRun()
	w.timeline.snapshots = w.timeline.buildSnapshots()
	middle := widgets.NewFrame(w.header.build(), nil, nil, nil, w.terminals.buildTerminal())
	p.all = widgets.NewFrame(nil, nil, w.sidebar.build(), w.timeline.snapshots, middle)
	p.card = container.NewStack(p.firstRun)
	p.all.Hide()
	p.card.Hide()
	// Notices can appear at any time. Space for them is reserved, so that nothing moves under
	// the pointer.
	w.noticeBar.banner = widgets.NewBanner()
	notices := container.NewStack(widgets.NewGap(0, w.noticeBar.banner.MinSize().Height), w.noticeBar.banner)
	bottom := container.NewStack(widgets.NewGround(assets.ColorNamePane, 0), widgets.NewFrame(notices, nil, nil, nil, p.jobBar))
	w.win.SetContent(widgets.NewFrame(nil, bottom, nil, nil, container.NewStack(p.all, p.card)))
	w.win.SetPadded(false)
	w.win.SetMainMenu(w.mainMenu())
	w.routeUnfocusedKeys()
	w.win.SetCloseIntercept(w.quitter.closeRequested)
	w.win.SetOnDropped(w.snapshotDialogs.onDropped)
}

func (w *window) buildFirstRun() {
	p := &w.parts
	p.firstRun = widgets.NewFirstRun(assets.Icon(), lang.L("Create your first VM"), lang.L("A small Linux machine of your own, ready in seconds. Break anything: a snapshot brings it back."), lang.L("Create and start"))
	p.firstRun.OnCreate = w.vmDialogs.createFirst
}

// paneHeader returns the header of a pane, with a title on the left and buttons on the right.
func paneHeader(title fyne.CanvasObject, buttons ...fyne.CanvasObject) fyne.CanvasObject {
	row := container.NewHBox(buttons...)
	return widgets.NewFrame(nil, widget.NewSeparator(), nil, nil,
		container.New(layout.NewCustomPaddedLayout(0, 0, 14, 8),
			container.NewBorder(nil, nil, nil, container.NewCenter(row),
				container.NewBorder(nil, nil, widgets.NewGap(0, headHeight), nil, title))))
}

// pane returns a pane with a fixed width and a background.
func pane(width float32, content fyne.CanvasObject) *fyne.Container {
	return container.NewStack(widgets.NewGround(assets.ColorNamePane, 0), widgets.NewGap(width, 0), content)
}

// moreButton returns the button that opens the menu with more actions.
func moreButton(tapped func()) *widget.Button {
	b := widget.NewButtonWithIcon("", theme.MoreVerticalIcon(), tapped)
	b.Importance = widget.LowImportance
	return b
}

func (ts *terminals) buildTerminal() fyne.CanvasObject {
	ts.placeholder = widgets.NewOffView()
	ts.placeholder.OnButton = ts.w.unlessModal(ts.pressPlaceholder)
	ts.tabs = widgets.NewTabBar()
	ts.tabs.OnSelect, ts.tabs.OnClose, ts.tabs.OnAdd = ts.selectTab, ts.closeTab, ts.w.unlessModal(ts.newShell)
	ts.terminalArea = container.NewStack(widgets.NewGap(0, 0), ts.buildStatusBar(), ts.placeholder)
	return widgets.NewFrame(ts.tabs, ts.buildFind(), nil, nil, container.New(layout.NewCustomPaddedLayout(4, 0, 8, 0), ts.terminalArea))
}

func (tl *timeline) buildSnapshots() *fyne.Container {
	tl.timeline = widgets.NewTimeline()
	tl.timeline.OnChanged = func(string) { tl.drawDetails() }
	tl.timeline.OnReturn = func(string) { tl.w.snapshotDialogs.askRestore() }
	tl.timeline.OnDelete = func(string) { tl.withSnapshot(tl.w.snapshotDialogs.askDeleteSnapshot)() }
	tl.timeline.OnEscape = tl.w.focusMain
	tl.timeline.OnMenu = func(at fyne.Position) { tl.w.popUp(tl.snapshotActions(), at) }

	tl.noSnapTitle = widgets.NewBold(lang.L("No snapshot yet"))
	tl.noSnapTitle.Align = fyne.TextAlignCenter
	tl.noSnapAbout = widgets.NewText(lang.L("Take one before you try something. It takes seconds, and so does restoring it."))
	tl.noSnapAbout.Alignment = fyne.TextAlignCenter
	tl.noSnapAbout.Importance = widget.LowImportance
	tl.noSnapshots = container.New(layout.NewCustomPaddedLayout(24, 0, 24, 24),
		container.NewVBox(tl.noSnapTitle, tl.noSnapAbout))

	tl.buildDetails()
	tl.automatic = widgets.NewCaption("")
	tl.automatic.Hide()
	tl.snapTitle = widgets.NewMiddle(container.New(layout.NewCustomPaddedVBoxLayout(1), widgets.NewBold(lang.L("Snapshots")), tl.automatic))
	body := container.NewStack(tl.timeline, tl.noSnapshots)
	var more *widget.Button
	more = moreButton(func() { tl.w.popUpUnder(more, tl.storeActions()) })
	tl.timeDetails = widgets.NewFrame(paneHeader(tl.snapTitle, more), tl.details, nil, nil, body)
	return widgets.NewFrame(nil, nil, widget.NewSeparator(), nil, pane(snapshotPaneWidth, tl.timeDetails))
}

// detailPad is the padding left and right of the details.
const detailPad = 14

// buildDetails builds the details of the selected snapshot.
func (tl *timeline) buildDetails() {
	tl.detailName = widgets.NewInPlace(widgets.NewBold(""), "")
	tl.detailName.Check = func(text string) string { return words.NameProblem(typedName(text), tl.snapshotNames()) }
	tl.detailName.OnEdited, tl.detailName.OnEnded = tl.renameSnapshot, tl.editEnded
	tl.detailAbout = widgets.NewInPlaceText(snapshotPaneWidth-2*detailPad, lang.L("Add a description…"))
	tl.detailAbout.OnEdited, tl.detailAbout.OnEnded = tl.describeSnapshot, tl.editEnded
	tl.detailName.Focus, tl.detailAbout.Focus = tl.editBegun, tl.editBegun
	tl.facts = widgets.NewFacts()
	tl.restore = widget.NewButtonWithIcon(lang.L("Restore")+"…", assets.RestoreIcon, tl.w.unlessModal(tl.w.snapshotDialogs.askRestore))
	tl.del = widget.NewButtonWithIcon(lang.L("Delete")+"…", theme.DeleteIcon(), tl.w.unlessModal(tl.withSnapshot(tl.w.snapshotDialogs.askDeleteSnapshot)))
	tl.detailMore = moreButton(func() { tl.w.popUpUnder(tl.detailMore, tl.snapshotActions()) })
	buttons := container.NewBorder(nil, nil, nil, tl.detailMore, container.NewGridWithColumns(2, tl.restore, tl.del))
	tl.details = widgets.NewFrame(widget.NewSeparator(), nil, nil, nil, container.New(layout.NewCustomPaddedLayout(8, 12, detailPad, detailPad),
		container.New(layout.NewCustomPaddedVBoxLayout(10),
			container.New(layout.NewCustomPaddedVBoxLayout(4), tl.detailName, tl.detailAbout), tl.facts, buttons)))
	tl.details.Hide()
}
