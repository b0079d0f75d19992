package app

import "time"

const (
	// lookAgain is how often the clock is looked at: a timer stands still while
	// the computer sleeps, and knows nothing of a clock that is set. So soon is a
	// busy VM tried again, too.
	lookAgain = 30 * time.Second
	// rest is how long a guest is left alone after its start and after a snapshot.
	rest = time.Minute
	// failAgain is how soon after a failure the next one is tried, if not sooner.
	failAgain = time.Hour
	// busyLimit is how long a busy VM is tried again before one is left out.
	busyLimit = 15 * time.Minute
)

// schedule tells when the next automatic snapshot is due. It counts from the
// newest one, by the wall clock: so a computer that has slept for days makes up
// for them with a single snapshot, and a VM that never runs for long has its
// own in time. Nothing it plans is later than one interval from now, so that a
// clock set back does not put all off.
type schedule struct {
	every  time.Duration
	from   time.Time // what the interval counts from
	rested time.Time // not before this
	due    time.Time
	busy   time.Time // since when the VM was found busy, zero: it was not
}

// newSchedule is one for a VM that runs since now.
func newSchedule(now time.Time) schedule { return schedule{from: now, rested: now.Add(rest)} }

// look takes account of a clock that was set back.
func (s *schedule) look(now time.Time) {
	s.from = earlier(s.from, now)
	s.busy = earlier(s.busy, now)
	s.rested = earlier(s.rested, now.Add(rest))
	s.due = earlier(s.due, now.Add(s.every))
	if !s.busy.IsZero() {
		s.due = earlier(s.due, now.Add(lookAgain))
	}
}

func (s *schedule) set(every time.Duration, from time.Time) {
	s.every = every
	s.plan(from)
}

func (s *schedule) plan(from time.Time) {
	s.from, s.busy = from, time.Time{}
	s.due = from.Add(s.every)
	if s.due.Before(s.rested) {
		s.due = s.rested
	}
}

// made is for a snapshot of the moment at, which was done now.
func (s *schedule) made(at, now time.Time) {
	s.rested = now.Add(rest)
	s.plan(at)
}

func (s *schedule) failed(now time.Time) {
	s.busy = time.Time{}
	s.due = now.Add(min(s.every, failAgain))
}

// foundBusy puts it off a little, and tells whether to leave it out at last.
func (s *schedule) foundBusy(now time.Time) (leftOut bool) {
	if s.busy.IsZero() {
		s.busy = now
	}
	if now.Sub(s.busy) >= min(s.every, busyLimit) {
		s.plan(now)
		return true
	}
	s.due = now.Add(lookAgain)
	return false
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
