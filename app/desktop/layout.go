//go:build !nogui

package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"vmterminal/assets"
	"vmterminal/widgets"
)

// The widths of the panes left and right of the terminal, and the height of
// the line above all three.
const (
	vmPaneWidth       = 232
	snapshotPaneWidth = 320
	headHeight        = 52
)

// parts are the widgets that change.
type parts struct {
	// all is everything but the first-run card; card is that.
	all      *fyne.Container
	card     *fyne.Container
	firstRun *widgets.FirstRun

	vms *widgets.VMList

	mark         *widget.Icon
	name, state  *widgets.Line
	power        *widget.Button
	snapshot     *widget.Button
	off          *widgets.OffView
	tabs         *widgets.TabBar
	find         *widgets.FindBar
	foot         foot
	place        *fyne.Container // the terminal, or off
	snapshots    *fyne.Container // the whole pane
	timeDetails  *fyne.Container // the timeline above the details
	snapTitle    *fyne.Container // the pane's title, and below it
	automatic    *widgets.Line
	timeline     *widgets.Timeline
	noSnapshots  *fyne.Container
	noSnapTitle  *widgets.Line
	noSnapAbout  *widget.Label
	details      *fyne.Container
	detailName   *widgets.InPlace
	detailAbout  *widgets.InPlace
	detailMore   *widget.Button
	facts        *widgets.Facts
	restore, del *widget.Button
	jobBar       *widgets.JobBar
	banner       *widgets.Banner
	more, fold   *widget.Button
}

// build makes the window's content, menus and keys.
func (w *window) build() {
	p := &w.parts
	p.jobBar = widgets.NewJobBar()
	p.jobBar.OnButton = func(id int64) { w.jobs.press(id) }
	w.buildFirstRun()
	p.snapshots = w.buildSnapshots()
	middle := widgets.NewFrame(w.buildHead(), nil, nil, nil, w.buildTerminal())
	p.all = widgets.NewFrame(nil, nil, w.buildVMs(), p.snapshots, middle)
	p.card = container.NewStack(p.firstRun)
	p.all.Hide()
	p.card.Hide()
	// Below, so that nothing the person looks at moves when there is something to
	// know.
	p.banner = widgets.NewBanner()
	bottom := container.NewStack(widgets.NewGround(assets.ColorNamePane, 0), widgets.NewFrame(p.banner, nil, nil, nil, p.jobBar))
	w.win.SetContent(widgets.NewFrame(nil, bottom, nil, nil, container.NewStack(p.all, p.card)))
	w.win.SetPadded(false)
	w.win.SetMainMenu(w.mainMenu())
	w.strayKeys()
	w.win.SetCloseIntercept(w.closed)
	w.win.SetOnDropped(w.dropped)
}

func (w *window) buildFirstRun() {
	p := &w.parts
	p.firstRun = widgets.NewFirstRun(assets.Icon(), textFirstTitle(), textFirstAbout(), textFirstButton())
	p.firstRun.OnCreate = w.createFirst
}

// head is the line above a pane: a title left, buttons right.
func head(title fyne.CanvasObject, buttons ...fyne.CanvasObject) fyne.CanvasObject {
	row := container.NewHBox(buttons...)
	return widgets.NewFrame(nil, widget.NewSeparator(), nil, nil,
		container.New(layout.NewCustomPaddedLayout(0, 0, 14, 8),
			container.NewBorder(nil, nil, nil, container.NewCenter(row),
				container.NewBorder(nil, nil, widgets.NewGap(0, headHeight), nil, title))))
}

// pane is content of a fixed width on the panes' ground.
func pane(width float32, content fyne.CanvasObject) *fyne.Container {
	return container.NewStack(widgets.NewGround(assets.ColorNamePane, 0), widgets.NewGap(width, 0), content)
}

func (w *window) buildVMs() fyne.CanvasObject {
	p := &w.parts
	p.vms = widgets.NewVMList()
	p.vms.OnChosen = w.choose
	p.vms.OnOpen = w.focusMain
	p.vms.OnMenu = func(at fyne.Position) { w.popUp(w.vmActions(), at) }
	add := widget.NewButtonWithIcon("", theme.ContentAddIcon(), w.free(w.askNewVM))
	add.Importance = widget.LowImportance
	title := widgets.NewBold(textVMs())
	return widgets.NewFrame(nil, nil, nil, widget.NewSeparator(),
		pane(vmPaneWidth, widgets.NewFrame(head(widgets.NewMiddle(title), add), nil, nil, nil, p.vms)))
}

func (w *window) buildHead() fyne.CanvasObject {
	p := &w.parts
	p.mark = widget.NewIcon(assets.StoppedIcon)
	p.name, p.state = widgets.NewBold(""), widgets.NewCaption("")
	p.name.TextSize = theme.SizeNameSubHeadingText
	p.power = widget.NewButtonWithIcon(textStart(), theme.MediaPlayIcon(), w.free(w.power))
	p.snapshot = widget.NewButtonWithIcon(textSnapshot(), theme.MediaPhotoIcon(), w.free(w.askSnapshot))
	p.snapshot.Importance = widget.HighImportance
	p.more = moreButton(func() { w.popUpUnder(p.more, w.vmActions()) })
	p.fold = widget.NewButtonWithIcon("", assets.HistoryIcon, w.free(w.toggleSnapshots))
	p.fold.Importance = widget.LowImportance
	text := container.New(layout.NewCustomPaddedVBoxLayout(1), p.name, p.state)
	mark := container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(20), p.mark))
	title := container.NewBorder(nil, nil, container.NewHBox(mark, widgets.NewGap(4, 0)), nil, widgets.NewMiddle(text))
	return head(title, p.power, p.snapshot, p.more, p.fold)
}

// moreButton opens a menu of all that fits no button.
func moreButton(tapped func()) *widget.Button {
	b := widget.NewButtonWithIcon("", theme.MoreVerticalIcon(), tapped)
	b.Importance = widget.LowImportance
	return b
}

func (w *window) buildTerminal() fyne.CanvasObject {
	p := &w.parts
	p.off = widgets.NewOffView()
	p.off.OnButton = w.free(w.pressOff)
	p.tabs = widgets.NewTabBar()
	p.tabs.OnChosen, p.tabs.OnClose, p.tabs.OnAdd = w.chooseTab, w.closeTab, w.free(w.newShell)
	p.place = container.NewStack(widgets.NewGap(0, 0), w.buildFoot(), p.off)
	return widgets.NewFrame(p.tabs, w.buildFind(), nil, nil, container.New(layout.NewCustomPaddedLayout(4, 0, 8, 0), p.place))
}

func (w *window) buildSnapshots() *fyne.Container {
	p := &w.parts
	p.timeline = widgets.NewTimeline()
	p.timeline.OnChosen = func(string) { w.drawDetails() }
	p.timeline.OnReturn = func(string) { w.askRestore() }
	p.timeline.OnDelete = func(string) { w.askDeleteSnapshot() }
	p.timeline.OnEscape = w.focusMain
	p.timeline.OnMenu = func(at fyne.Position) { w.popUp(w.snapshotActions(), at) }

	p.noSnapTitle = widgets.NewBold(textNoSnapshot())
	p.noSnapTitle.Align = fyne.TextAlignCenter
	p.noSnapAbout = widgets.NewText(textNoSnapshots())
	p.noSnapAbout.Alignment = fyne.TextAlignCenter
	p.noSnapAbout.Importance = widget.LowImportance
	p.noSnapshots = container.New(layout.NewCustomPaddedLayout(24, 0, 24, 24),
		container.NewVBox(p.noSnapTitle, p.noSnapAbout))

	w.buildDetails()
	p.automatic = widgets.NewCaption("")
	p.automatic.Hide()
	p.snapTitle = widgets.NewMiddle(container.New(layout.NewCustomPaddedVBoxLayout(1), widgets.NewBold(textSnapshots()), p.automatic))
	body := container.NewStack(p.timeline, p.noSnapshots)
	var more *widget.Button
	more = moreButton(func() { w.popUpUnder(more, w.storeActions()) })
	p.timeDetails = widgets.NewFrame(head(p.snapTitle, more), p.details, nil, nil, body)
	return widgets.NewFrame(nil, nil, widget.NewSeparator(), nil, pane(snapshotPaneWidth, p.timeDetails))
}

// detailPad is what stays free beside the details.
const detailPad = 14

// buildDetails makes the part about the chosen snapshot.
func (w *window) buildDetails() {
	p := &w.parts
	p.detailName = widgets.NewInPlace(widgets.NewBold(""), "")
	p.detailName.Check = func(text string) string { return wrongName(typedName(text), w.snapshotNames()) }
	p.detailName.OnEdited, p.detailName.OnEnded = w.renameSnapshot, w.editEnded
	p.detailAbout = widgets.NewInPlaceText(snapshotPaneWidth-2*detailPad, textNoDescription())
	p.detailAbout.OnEdited, p.detailAbout.OnEnded = w.describeSnapshot, w.editEnded
	p.detailName.Focus, p.detailAbout.Focus = w.editBegun, w.editBegun
	p.facts = widgets.NewFacts()
	p.restore = widget.NewButtonWithIcon(textDots(textRestore()), assets.RestoreIcon, w.free(w.askRestore))
	p.del = widget.NewButtonWithIcon(textDots(textDelete()), theme.DeleteIcon(), w.free(w.askDeleteSnapshot))
	p.detailMore = moreButton(func() { w.popUpUnder(p.detailMore, w.snapshotActions()) })
	buttons := container.NewBorder(nil, nil, nil, p.detailMore, container.NewGridWithColumns(2, p.restore, p.del))
	p.details = widgets.NewFrame(widget.NewSeparator(), nil, nil, nil, container.New(layout.NewCustomPaddedLayout(8, 12, detailPad, detailPad),
		container.New(layout.NewCustomPaddedVBoxLayout(10),
			container.New(layout.NewCustomPaddedVBoxLayout(4), p.detailName, p.detailAbout), p.facts, buttons)))
	p.details.Hide()
}
