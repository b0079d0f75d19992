package window

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"vmterminal/app/desktop/words"
	"vmterminal/app/problem"
	"vmterminal/assets"
	"vmterminal/widgets"
)

// window creates the parts of the window and connects them. A part does not use the widgets of
// another part; it shows the model and calls the functions that the window gives it. Methods of
// the window and its parts must be called on the main goroutine unless they say otherwise.
type window struct {
	*model

	sidebar         *sidebar
	header          *header
	terminals       *terminals
	timeline        *timeline
	noticeBar       *noticeBar
	jobs            *jobTracker
	jobBar          *widgets.JobBar
	firstRun        *firstRun
	menuBar         *menuBar
	tray            *tray
	quitter         *quitter
	vmDialogs       *vmDialogs
	snapshotDialogs *snapshotDialogs
	storage         *storageDialogs
}

// newWindow builds the window without showing it. Its goroutines stop when ctx is done.
func newWindow(ctx context.Context, a fyne.App, svc Service, version string, ui Dispatch) *window {
	tools := &toolkit{app: a, win: a.NewWindow(words.Title("")), ui: ui, now: time.Now, ctx: ctx}
	m := &model{toolkit: tools, modal: &dialogStack{toolkit: tools}, busy: map[string]string{}}
	w := &window{model: m}
	m.reader = newReader(svc, ui, func() time.Time { return m.now() }, w.show)
	m.redraw, m.focusMain, m.modal.nextStep = w.draw, w.focusTerminal, w.nextStep
	w.createParts(svc, version)
	w.build()
	svc.WatchNotes(func(n problem.Note) { ui(func() { w.noticeBar.addNote(n) }) })
	return w
}

// createParts creates the parts and connects them.
func (w *window) createParts(svc Service, version string) {
	m := w.model
	w.jobs = &jobTracker{model: m, svc: svc, onChange: w.drawJobs}
	programs := &programGuard{model: m, svc: svc}
	power := &vmPower{model: m, svc: svc, jobs: w.jobs, programs: programs}
	w.vmDialogs = &vmDialogs{model: m, svc: svc, jobs: w.jobs, power: power}
	w.snapshotDialogs = &snapshotDialogs{model: m, svc: svc, jobs: w.jobs, programs: programs}
	w.timeline = &timeline{model: m, svc: svc, jobs: w.jobs, dialogs: w.snapshotDialogs, askNewVM: w.vmDialogs.askFromSnapshot}
	w.snapshotDialogs.snapshot, w.snapshotDialogs.selectSnapshot = w.timeline.selectedSnapshot, w.timeline.selectSnapshot
	w.storage = &storageDialogs{model: m, svc: svc, showSnapshots: w.timeline.focusSnapshots}
	w.terminals = newTerminals(m, svc, w.jobs, power, programs)
	w.sidebar = &sidebar{model: m, dialogs: w.vmDialogs}
	w.header = &header{
		model: m, jobs: w.jobs, vmPower: power, usages: map[string]hostUsage{},
		actions: w.vmDialogs.actions, askSnapshot: w.snapshotDialogs.askSnapshot, toggleSnapshots: w.timeline.toggleSnapshots,
	}
	w.noticeBar = &noticeBar{
		model: m, svc: svc, jobs: w.jobs, closedNotices: map[string]bool{}, askStorage: w.storage.askStorage,
		askRestore: w.snapshotDialogs.askRestore, resume: power.togglePause,
		askUndo: w.snapshotDialogs.askUndo, askDiscard: w.snapshotDialogs.askDiscard, askAutomatic: w.vmDialogs.askAutomatic,
	}
	w.firstRun = &firstRun{model: m, svc: svc, created: w.vmDialogs.created}
	w.menuBar = &menuBar{model: m, version: version}
	w.tray = &tray{model: m, jobs: w.jobs, power: power, quickSnapshot: w.snapshotDialogs.quickSnapshot}
	w.quitter = &quitter{
		model: m, jobs: w.jobs, power: power, programs: programs,
		shells: w.terminals.consoles.allShells, isInTray: w.tray.isShown, quit: w.app.Quit,
	}
	w.tray.askQuit, w.tray.closeRequested = w.quitter.askQuit, w.quitter.closeRequested
}

// build builds the content, menus and keys of the window.
func (w *window) build() {
	w.jobBar = widgets.NewJobBar()
	w.jobBar.OnButton = w.jobs.press
	middle := widgets.NewFrame(w.header.build(), nil, nil, nil, w.terminals.build())
	panes := widgets.NewFrame(nil, nil, w.sidebar.build(), w.timeline.build(), middle)
	bottom := container.NewStack(widgets.NewGround(assets.ColorNamePane, 0), widgets.NewFrame(w.noticeBar.build(), nil, nil, nil, w.jobBar))
	w.win.SetContent(widgets.NewFrame(nil, bottom, nil, nil, w.firstRun.build(panes)))
	w.win.SetPadded(false)
	w.win.SetMainMenu(w.mainMenu())
	w.routeUnfocusedKeys()
	w.win.SetCloseIntercept(w.quitter.closeRequested)
	w.win.SetOnDropped(w.snapshotDialogs.onDropped)
}

// start starts reading the store and checking the host.
func (w *window) start() {
	w.jobs.addRunning()
	go w.reader.run(w.ctx)
	go w.noticeBar.watchHost(w.ctx)
}

// show shows a reading.
func (w *window) show(r reading) {
	first := w.last.at.IsZero()
	if !w.accept(r) {
		return
	}
	w.header.measure()
	if v, ok := w.selected(); first && ok && v.State.Alive() {
		w.focusNext = v.Name
	}
	w.terminals.consoles.follow()
	w.draw()
	if first {
		w.focusTerminal()
	}
}

// draw draws everything that has changed.
func (w *window) draw() {
	w.firstRun.draw()
	title := words.Title(w.last.selected)
	if w.win.Title() != title {
		w.win.SetTitle(title)
	}
	w.sidebar.draw()
	w.header.draw()
	w.terminals.draw()
	w.timeline.draw()
	w.noticeBar.draw()
	w.jobBar.Set(w.jobs.items())
	w.menuBar.draw()
	w.tray.update()
}

// drawJobs draws the job bar and what depends on the progress of jobs.
func (w *window) drawJobs() {
	w.jobBar.Set(w.jobs.items())
	w.header.draw()
	w.timeline.drawButtons()
	w.terminals.draw()
	w.tray.update()
}
