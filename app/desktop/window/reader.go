package window

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"vmterminal/app"
	"vmterminal/snapshot/durable"
)

// reading is the state of the store at one time: everything that the window shows except jobs
// and consoles.
type reading struct {
	at    time.Time
	vms   []app.VM
	notes []string
	err   error

	// selectionCount is the number of the latest selection when this reading began; see
	// reader.selectVM.
	selectionCount int
	// selected is the selected VM, or ""; snapshots are its snapshots.
	selected  string
	snapshots []app.Snapshot
	snapErr   error
	// undo is the disk that the last restore replaced, or nil.
	undo *app.UndoDisk
}

// vm returns the named VM.
func (r reading) vm(name string) (app.VM, bool) {
	at := slices.IndexFunc(r.vms, func(v app.VM) bool { return v.Name == name })
	if at < 0 {
		return app.VM{}, false
	}
	return r.vms[at], true
}

// reader reads the store whenever it may have changed, and passes each reading to show on
// the main goroutine.
type reader struct {
	svc  storeReader
	ui   Dispatch
	now  func() time.Time
	show func(reading)
	wake chan struct{}

	mu             sync.Mutex
	selected       string
	selectionCount int // number of calls of selectVM
}

func newReader(svc storeReader, ui Dispatch, now func() time.Time, show func(reading)) *reader {
	return &reader{svc: svc, ui: ui, now: now, show: show, wake: make(chan struct{}, 1)}
}

// refresh requests a reading. It is safe for concurrent use.
func (r *reader) refresh() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// selectVM selects a VM. It returns the number of this selection: readings with a lower
// number may have begun before it. It is safe for concurrent use.
func (r *reader) selectVM(name string) int {
	r.mu.Lock()
	r.selected = name
	r.selectionCount++
	choice := r.selectionCount
	r.mu.Unlock()
	r.refresh()
	return choice
}

// selection returns the latest selection and its number.
func (r *reader) selection() (name string, choice int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.selected, r.selectionCount
}

// The intervals between readings while VMs change state or their disks are filled in, and while
// any VM runs. Polling is
// needed because changes inside a supervisor do not change any file.
const (
	changingPoll = time.Second
	runningPoll  = 3 * time.Second
)

// run reads the store, again and again, until ctx is done.
func (r *reader) run(ctx context.Context) {
	changes := r.svc.Changes(ctx)
	var poll <-chan time.Time
	for {
		got := r.read(ctx)
		if ctx.Err() != nil {
			return
		}
		r.ui(func() { r.show(got) })
		poll = nil
		if wait := pollAfter(got); wait > 0 {
			poll = time.After(wait)
		}
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case _, open := <-changes:
			if !open {
				changes = nil
			}
		case <-poll:
		}
	}
}

// pollAfter returns the time until the next reading without a request, or 0 for never.
func pollAfter(r reading) time.Duration {
	wait := time.Duration(0)
	for _, v := range r.vms {
		switch {
		case v.State == app.Starting || v.State == app.Stopping || v.Activity != (durable.Activity{}), v.State.Alive() && v.Filling != nil:
			return changingPoll
		case v.State.Alive():
			wait = runningPoll
		}
	}
	return wait
}

func (r *reader) read(ctx context.Context) reading {
	got := reading{at: r.now()}
	got.selected, got.selectionCount = r.selection()
	got.vms, got.notes, got.err = r.svc.VMs(ctx)
	slices.SortStableFunc(got.vms, func(a, b app.VM) int {
		return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	got.selected = r.pickVM(got)
	if got.selected == "" {
		return got
	}
	list, err := r.svc.Snapshots(ctx, got.selected)
	got.snapshots, got.undo, got.snapErr = list.Snapshots, list.Undo, err
	got.notes = append(got.notes, list.Notes...)
	return got
}

// pickVM returns the VM that a reading is about: the selected one if it exists, otherwise
// the active one, otherwise the first. A selection made since the reading began takes
// precedence.
func (r *reader) pickVM(got reading) string {
	if _, ok := got.vm(got.selected); ok {
		return got.selected
	}
	name := ""
	for _, v := range got.vms {
		if v.Active || name == "" {
			name = v.Name
		}
		if v.Active {
			break
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.selectionCount == got.selectionCount && name != "" { // an unreadable list changes nothing
		r.selected = name
	}
	return name
}
