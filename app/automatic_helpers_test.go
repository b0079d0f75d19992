package app

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// seen is what a schedule has done.
type seen struct {
	taken  []time.Duration // since the VM's start, by a clock that is never set
	tried  int
	lines  []string // of host.log
	record automaticRecord
}

// fakeVM is a VM with a schedule, in a bubble of synctest.
type fakeVM struct {
	t       *testing.T
	start   time.Time
	newest  time.Time
	changed chan struct{}
	end     func()
	seen    // as it was when until returned

	mu     sync.Mutex
	set    Automatic
	setErr error
	jump   time.Duration // by which the wall clock was set
	result func() error  // of the next take
	prune  func() error
	full   bool // the record cannot be kept
	live   seen
}

// begin starts the VM; newest is how long ago an automatic snapshot was taken, 0
// for never.
func begin(t *testing.T, set Automatic, newest time.Duration) *fakeVM {
	v := &fakeVM{
		t: t, start: time.Now(), set: set, changed: make(chan struct{}, 1),
		result: func() error { return nil }, prune: func() error { return nil },
	}
	if newest != 0 {
		v.newest = v.now().Add(-newest)
	}
	a := automaton{
		now: v.now, changed: v.changed, when: newSchedule(v.now()),
		settings: func() (Automatic, error) { defer v.hold()(); return v.set, v.setErr },
		newest:   func(context.Context) time.Time { return v.newest },
		take:     v.take,
		prune:    func(context.Context, Automatic) error { defer v.hold()(); return v.prune() },
		log:      func(line string) { defer v.hold()(); v.live.lines = append(v.live.lines, line) },
		keep:     v.keep,
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { a.run(ctx); close(done) }()
	v.end = func() { cancel(); <-done }
	t.Cleanup(v.end)
	return v
}

func (v *fakeVM) hold() func() { v.mu.Lock(); return v.mu.Unlock }

func (v *fakeVM) now() time.Time {
	defer v.hold()()
	return wallClock().Add(v.jump)
}

func (v *fakeVM) take(context.Context, Automatic) (time.Time, error) {
	at := v.now()
	v.mu.Lock()
	result := v.result
	v.live.tried++
	v.mu.Unlock()
	err := result()
	if err == nil {
		defer v.hold()()
		v.live.taken = append(v.live.taken, time.Since(v.start).Round(time.Second))
	}
	return at, err
}

func (v *fakeVM) keep(r automaticRecord) error {
	defer v.hold()()
	if v.full {
		return errors.New("no room")
	}
	v.live.record = r
	return nil
}

// change does something to the VM, without a word to the schedule.
func (v *fakeVM) change(what func()) { defer v.hold()(); what() }

// until lets time pass.
func (v *fakeVM) until(d time.Duration) {
	time.Sleep(time.Until(v.start.Add(d)))
	synctest.Wait()
	defer v.hold()()
	v.seen = v.live
	v.lines = slices.Clone(v.live.lines)
	v.live.taken = nil
}

// expect says when snapshots were taken in the time that until let pass.
func (v *fakeVM) expect(what string, want ...time.Duration) {
	v.t.Helper()
	if !slices.Equal(v.taken, want) {
		v.t.Errorf("%s: taken at %v, want %v", what, v.taken, want)
	}
}

func bubble(t *testing.T, name string, test func(*testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}
