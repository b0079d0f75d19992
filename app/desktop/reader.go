//go:build !nogui

package desktop

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"vmterminal/app"
)

// reading is one look at the store: all that the window shows, but for jobs
// and consoles.
type reading struct {
	at    time.Time
	vms   []app.VM
	notes []string
	err   error

	// chosen is the VM on the window, with its snapshots; "" when there is none.
	chosen    string
	snapshots []app.Snapshot
	snapErr   error
	// undo is the disk that the last restore replaced, nil if none is kept.
	undo *app.Kept
}

// vm returns the named VM.
func (r reading) vm(name string) (app.VM, bool) {
	at := slices.IndexFunc(r.vms, func(v app.VM) bool { return v.Name == name })
	if at < 0 {
		return app.VM{}, false
	}
	return r.vms[at], true
}

// reader looks at the store whenever it may have changed, and hands each
// reading to show on the main goroutine.
type reader struct {
	svc  Service
	ui   Dispatch
	now  func() time.Time
	show func(reading)
	poke chan struct{}

	mu     sync.Mutex
	chosen string
}

func newReader(svc Service, ui Dispatch, now func() time.Time, show func(reading)) *reader {
	return &reader{svc: svc, ui: ui, now: now, show: show, poke: make(chan struct{}, 1)}
}

// soon asks for a reading. Any goroutine may call it.
func (r *reader) soon() {
	select {
	case r.poke <- struct{}{}:
	default:
	}
}

// choose makes the named VM the one on the window. Any goroutine may call it.
func (r *reader) choose(name string) {
	r.mu.Lock()
	r.chosen = name
	r.mu.Unlock()
	r.soon()
}

// How often to look while VMs change state, and while any runs: what happens
// inside a host process changes no file.
const (
	changingPoll = time.Second
	runningPoll  = 3 * time.Second
)

// run looks until ctx ends.
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
		case <-r.poke:
		case _, open := <-changes:
			if !open {
				changes = nil
			}
		case <-poll:
		}
	}
}

// pollAfter is when to look again unasked, 0 for never.
func pollAfter(r reading) time.Duration {
	wait := time.Duration(0)
	for _, v := range r.vms {
		switch {
		case v.State == app.Starting || v.State == app.Stopping || v.Doing != "":
			return changingPoll
		case v.State.Alive():
			wait = runningPoll
		}
	}
	return wait
}

func (r *reader) read(ctx context.Context) reading {
	got := reading{at: r.now()}
	got.vms, got.notes, got.err = r.svc.VMs(ctx)
	slices.SortStableFunc(got.vms, func(a, b app.VM) int {
		return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	got.chosen = r.settle(got)
	if got.chosen == "" {
		return got
	}
	list, err := r.svc.Snapshots(ctx, got.chosen)
	got.snapshots, got.undo, got.snapErr = list.Snapshots, list.Undo, err
	got.notes = append(got.notes, list.Notes...)
	return got
}

// settle keeps the chosen VM while it is there; else the active one takes its
// place, else the first.
func (r *reader) settle(got reading) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := got.vm(r.chosen); ok {
		return r.chosen
	}
	r.chosen = ""
	for _, v := range got.vms {
		if v.Active || r.chosen == "" {
			r.chosen = v.Name
		}
		if v.Active {
			break
		}
	}
	return r.chosen
}
