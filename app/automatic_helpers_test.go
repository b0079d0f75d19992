package app

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vmterminal/app/schedule"
)

// scheduleEvents records what a scheduler did.
type scheduleEvents struct {
	taken  []time.Duration // since the VM's start, unaffected by jumps of the clock
	tried  int
	lines  []string // written to host.log
	record automaticRecord
}

// fakeVM runs the scheduler of a VM in a synctest bubble.
type fakeVM struct {
	t              *testing.T
	start          time.Time
	newest         time.Time
	changed        chan struct{}
	end            func()
	scheduleEvents // copied by runUntil

	mu     sync.Mutex
	set    Automatic
	setErr error
	jump   time.Duration // offset of the wall clock
	result func() error  // returns the result of the next take
	prune  func() error
	full   bool // saving the record fails
	live   scheduleEvents
}

// startFakeVM starts the scheduler. newest is the age of the newest automatic snapshot; 0 means
// that no such snapshot exists.
func startFakeVM(t *testing.T, set Automatic, newest time.Duration) *fakeVM {
	v := &fakeVM{
		t: t, start: time.Now(), set: set, changed: make(chan struct{}, 1),
		result: func() error { return nil }, prune: func() error { return nil },
	}
	if newest != 0 {
		v.newest = v.now().Add(-newest)
	}
	a := automaticScheduler{
		now: v.now, settingsChanged: v.changed, schedule: schedule.New(v.now()),
		settings: func() (Automatic, error) { defer v.lock()(); return v.set, v.setErr },
		newest:   func(context.Context) time.Time { return v.newest },
		take:     v.take,
		prune:    func(context.Context, Automatic) error { defer v.lock()(); return v.prune() },
		log:      func(line string) { defer v.lock()(); v.live.lines = append(v.live.lines, line) },
		save:     v.saveRecord,
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { a.run(ctx); close(done) }()
	v.end = func() { cancel(); <-done }
	t.Cleanup(v.end)
	return v
}

func (v *fakeVM) lock() func() { v.mu.Lock(); return v.mu.Unlock }

func (v *fakeVM) now() time.Time {
	defer v.lock()()
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
		defer v.lock()()
		v.live.taken = append(v.live.taken, time.Since(v.start).Round(time.Second))
	}
	return at, err
}

func (v *fakeVM) saveRecord(r automaticRecord) error {
	defer v.lock()()
	if v.full {
		return errors.New("disk full")
	}
	v.live.record = r
	return nil
}

// mutate changes the VM without notifying the scheduler.
func (v *fakeVM) mutate(what func()) { defer v.lock()(); what() }

// runUntil advances the time to d after the start and copies the events recorded so far.
func (v *fakeVM) runUntil(d time.Duration) {
	time.Sleep(time.Until(v.start.Add(d)))
	synctest.Wait()
	defer v.lock()()
	v.scheduleEvents = v.live
	v.lines = slices.Clone(v.live.lines)
	v.live.taken = nil
}

// expectTaken checks when snapshots were taken during the last runUntil.
func (v *fakeVM) expectTaken(what string, want ...time.Duration) {
	v.t.Helper()
	if !slices.Equal(v.taken, want) {
		v.t.Errorf("%s: snapshots taken at %v, want %v", what, v.taken, want)
	}
}

func runSynctest(t *testing.T, name string, test func(*testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}
