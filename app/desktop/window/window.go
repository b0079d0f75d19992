package window

import (
	"context"
	"net/url"
	"time"

	"fyne.io/fyne/v2"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/problem"
)

// window wires the parts of the window and holds the state they share. Its methods must
// be called on the main goroutine unless they say otherwise.
type window struct {
	app fyne.App
	win fyne.Window
	svc Service
	ui  Dispatch
	now func() time.Time
	ctx context.Context
	// version is the version of the program.
	version string
	// quit ends the program.
	quit func()
	// openURL opens a web page.
	openURL func(*url.URL) error

	reader          *reader
	parts           parts
	jobs            *jobView
	consoles        *consoles
	tray            *tray
	terminals       *terminals
	timeline        *timeline
	vmDialogs       *vmDialogs
	snapshotDialogs *snapshotDialogs
	quitter         *quitter
	power           *vmPower
	programs        *programGuard
	noticeBar       *noticeBar
	sidebar         *sidebar
	header          *header
	storage         *storageDialogs
	modal           *dialogStack

	last reading
	// selectionCount is the number of the latest selection of a VM; see reader.selectVM.
	selectionCount int
	// busy describes, by VM name, what this window is doing to the VM.
	busy map[string]string
	// focusNext is the name of the VM whose terminal to focus once it is attached.
	focusNext string
	// usages holds, by VM name, the host resources used by each running VM.
	usages map[string]hostUsage
	// barItems are the actions in the menu bar.
	barItems []barItem
	hidden   bool
}

// newWindow builds the window without showing it. Its goroutines stop when ctx is done.
func newWindow(ctx context.Context, a fyne.App, svc Service, version string, ui Dispatch) *window {
	w := &window{
		app: a, win: a.NewWindow(words.Title("")), svc: svc, version: version, ui: ui, now: time.Now, ctx: ctx,
		busy: map[string]string{}, usages: map[string]hostUsage{}, quit: a.Quit, openURL: a.OpenURL,
	}
	w.reader = newReader(svc, ui, func() time.Time { return w.now() }, w.show)
	w.jobs = newJobView(w)
	w.terminals = &terminals{w: w}
	w.timeline = &timeline{w: w}
	w.sidebar = &sidebar{w: w}
	w.header = &header{w: w}
	w.storage = &storageDialogs{w: w}
	w.modal = &dialogStack{w: w}
	w.vmDialogs = &vmDialogs{w: w}
	w.snapshotDialogs = &snapshotDialogs{w: w}
	w.quitter = &quitter{w: w}
	w.power = &vmPower{w: w}
	w.programs = &programGuard{w: w}
	w.noticeBar = &noticeBar{w: w, closedNotices: map[string]bool{}}
	w.consoles = newConsoles(w)
	w.tray = &tray{window: w}
	w.build()
	svc.WatchNotes(func(n problem.Note) { ui(func() { w.noticeBar.addNote(n) }) })
	return w
}

// start starts reading the store and checking the host.
func (w *window) start() {
	for _, j := range w.svc.Jobs() {
		w.jobs.add(j, words.Done)
	}
	go w.reader.run(w.ctx)
	go w.noticeBar.watchHost(w.ctx)
}

// call runs work in another goroutine, then calls done with its error on the main goroutine.
func (w *window) call(work func(ctx context.Context) error, done func(error)) {
	go func() {
		err := work(w.ctx)
		w.ui(func() { done(err) })
	}()
}

// mutate runs work, which changes the store, in another goroutine. Then it refreshes the
// window and shows the error, if any.
func (w *window) mutate(work func(ctx context.Context) error) {
	w.call(work, func(err error) {
		w.reader.refresh()
		w.modal.showError(err)
	})
}

// selected returns the selected VM.
func (w *window) selected() (app.VM, bool) { return w.last.vm(w.last.selected) }

// selectVM selects another VM.
func (w *window) selectVM(name string) {
	if name == w.last.selected {
		return
	}
	w.last.selected, w.last.snapshots, w.last.undo, w.last.snapErr = name, nil, nil, nil
	w.selectionCount = w.reader.selectVM(name)
	w.redraw()
}

// setBusy records what this window is doing to a VM; "" means nothing.
func (w *window) setBusy(vm, activity string) {
	if activity == "" {
		delete(w.busy, vm)
	} else {
		w.busy[vm] = activity
	}
	w.reader.refresh()
	w.redraw()
}

// unlessModal returns an action for menus and keys that does nothing while a dialog is open.
func (w *window) unlessModal(action func()) func() {
	return func() {
		if w.win.Canvas().Overlays().Top() == nil {
			action()
		}
	}
}

// raise brings the window to the front.
func (w *window) raise() {
	w.hidden = false
	w.win.Show()
	w.win.RequestFocus()
}
