//go:build !nogui

package desktop

import (
	"context"
	"net/url"
	"time"

	"fyne.io/fyne/v2"

	"vmterminal/app"
	"vmterminal/widgets"
	"vmterminal/widgets/console"
)

// window is the window and what it knows. Its methods belong to the main
// goroutine, where they do not say otherwise.
type window struct {
	app fyne.App
	win fyne.Window
	svc Service
	opt Options
	ui  Dispatch
	now func() time.Time
	ctx context.Context
	// quit ends the program.
	quit func()
	// openURL opens a web page.
	openURL func(*url.URL) error

	reader   *reader
	parts    parts
	jobs     *jobView
	consoles *consoles
	tray     *tray

	last reading
	// busy tells what this window is doing to a VM, by its name.
	busy map[string]string
	// sheets are open, the last one on top.
	sheets []*widgets.Sheet
	// focusNext names the VM whose console takes the focus once it is there.
	focusNext string
	// chooseNext names the snapshot to be chosen once it is there.
	chooseNext string
	// checks are what the last look at the host found; takenAway are the notices
	// that the person has closed.
	checks    []app.Check
	takenAway map[string]bool
	// use is what each running VM takes of the host, by its name.
	use map[string]hostUse
	// barItems are the actions in the menu bar.
	barItems []barItem
	hidden   bool
	// askingShells tells that guests are asked what runs in their shells.
	askingShells bool
	// finding is the terminal that the bar below it looks in, nil while the bar is away.
	finding *console.Console
}

// newWindow builds the window and shows nothing yet. It ends its work when ctx
// does.
func newWindow(ctx context.Context, a fyne.App, svc Service, opt Options, ui Dispatch) *window {
	w := &window{
		app: a, win: a.NewWindow(textTitle("")), svc: svc, opt: opt, ui: ui, now: time.Now, ctx: ctx,
		busy: map[string]string{}, takenAway: map[string]bool{}, use: map[string]hostUse{}, quit: a.Quit, openURL: a.OpenURL,
	}
	w.reader = newReader(svc, ui, func() time.Time { return w.now() }, w.show)
	w.jobs = newJobView(w)
	w.consoles = newConsoles(w)
	w.tray = &tray{window: w}
	w.build()
	return w
}

// start begins to look at the store.
func (w *window) start() {
	for _, j := range w.svc.Jobs() {
		w.jobs.add(j)
	}
	go w.reader.run(w.ctx)
	go w.watchHost(w.ctx)
}

// call runs work away from the main goroutine, then back on it with its error.
func (w *window) call(work func(ctx context.Context) error, back func(error)) {
	go func() {
		err := work(w.ctx)
		w.ui(func() { back(err) })
	}()
}

// alter changes something in the store away from the main goroutine, has it read
// again and shows what went wrong.
func (w *window) alter(work func(ctx context.Context) error) {
	w.call(work, func(err error) {
		w.reader.soon()
		w.fail(err)
	})
}

// chosen is the VM on the window.
func (w *window) chosen() (app.VM, bool) { return w.last.vm(w.last.chosen) }

// choose puts another VM on the window.
func (w *window) choose(name string) {
	if name == w.last.chosen {
		return
	}
	w.last.chosen, w.last.snapshots, w.last.undo, w.last.snapErr = name, nil, nil, nil
	w.reader.choose(name)
	w.redraw()
}

// step goes to the next VM in the list, or the previous one for -1.
func (w *window) step(by int) {
	for i, v := range w.last.vms {
		if v.Name == w.last.chosen {
			next := i + by
			if next >= 0 && next < len(w.last.vms) {
				w.choose(w.last.vms[next].Name)
			}
			return
		}
	}
}

// setBusy says what is being done to a VM; "" when it is done.
func (w *window) setBusy(vm, doing string) {
	if doing == "" {
		delete(w.busy, vm)
	} else {
		w.busy[vm] = doing
	}
	w.reader.soon()
	w.redraw()
}

// free is an action that menus and keys may start: not while a question waits
// for its answer.
func (w *window) free(action func()) func() {
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
