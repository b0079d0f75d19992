// Package schedule computes when automatic snapshots are due, and formats and parses their
// intervals. It never reads the clock: the caller passes the current time.
package schedule

import "time"

// Intervals and limits of a [Schedule].
const (
	// ClockCheckInterval is how often the clock is checked, because timers stop while the
	// computer sleeps and do not notice clock changes. It is also how soon a busy VM is
	// retried.
	ClockCheckInterval = 30 * time.Second
	// MinPauseAfterSnapshot is the minimum time between the start of the VM, or the end of
	// a snapshot, and the next snapshot.
	MinPauseAfterSnapshot = time.Minute
	// RetryAfterFailure is the maximum time after a failure until the next attempt.
	RetryAfterFailure = time.Hour
	// BusyRetryLimit is how long a busy VM is retried before a snapshot is skipped.
	BusyRetryLimit = 15 * time.Minute
)

// Schedule computes when the next automatic snapshot is due. The interval starts at the
// newest automatic snapshot, in wall clock time: a computer that slept for days takes a
// single snapshot, and a VM that never runs for long still gets its snapshots. Nothing is
// planned further ahead than one interval, so that setting the clock back does not postpone
// snapshots.
type Schedule struct {
	interval      time.Duration
	intervalStart time.Time // start of the interval
	notBefore     time.Time // earliest time of the next snapshot
	due           time.Time
	busySince     time.Time // when the VM was first found busy; zero if it was not
}

// New returns the schedule of a VM that was started at the time now.
func New(now time.Time) Schedule {
	return Schedule{intervalStart: now, notBefore: now.Add(MinPauseAfterSnapshot)}
}

// AdjustClock corrects the times after the clock was set back.
func (s *Schedule) AdjustClock(now time.Time) {
	s.intervalStart = minTime(s.intervalStart, now)
	s.busySince = minTime(s.busySince, now)
	s.notBefore = minTime(s.notBefore, now.Add(MinPauseAfterSnapshot))
	s.due = minTime(s.due, now.Add(s.interval))
	if !s.busySince.IsZero() {
		s.due = minTime(s.due, now.Add(ClockCheckInterval))
	}
}

// Enable starts the schedule; every is the interval. newest is the time of the newest automatic
// snapshot; if it is zero, the interval starts when the VM was started.
func (s *Schedule) Enable(every time.Duration, newest, now time.Time) {
	if newest.IsZero() {
		newest = s.intervalStart
	}
	s.interval = every
	s.PlanAfter(minTime(newest, now))
}

// SetInterval changes the interval, which still starts at the same time.
func (s *Schedule) SetInterval(every time.Duration) {
	s.interval = every
	s.PlanAfter(s.intervalStart)
}

// Due returns when the next snapshot is due. It is meaningful after Enable.
func (s *Schedule) Due() time.Time { return s.due }

// PlanAfter plans the next snapshot one interval after from.
func (s *Schedule) PlanAfter(from time.Time) {
	s.intervalStart, s.busySince = from, time.Time{}
	s.due = from.Add(s.interval)
	if s.due.Before(s.notBefore) {
		s.due = s.notBefore
	}
}

// RecordSnapshot plans the next snapshot after a snapshot of the point in time at, which was
// completed at the time now.
func (s *Schedule) RecordSnapshot(at, now time.Time) {
	s.notBefore = now.Add(MinPauseAfterSnapshot)
	s.PlanAfter(at)
}

// RecordFailure plans the next attempt after one that failed at the time now.
func (s *Schedule) RecordFailure(now time.Time) {
	s.busySince = time.Time{}
	s.due = now.Add(min(s.interval, RetryAfterFailure))
}

// RecordBusy postpones the snapshot briefly because the VM is busy. It reports whether the
// snapshot is skipped instead, because the VM has been busy for too long.
func (s *Schedule) RecordBusy(now time.Time) (skipped bool) {
	if s.busySince.IsZero() {
		s.busySince = now
	}
	if now.Sub(s.busySince) >= min(s.interval, BusyRetryLimit) {
		s.PlanAfter(now)
		return true
	}
	s.due = now.Add(ClockCheckInterval)
	return false
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
