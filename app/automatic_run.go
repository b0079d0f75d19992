package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
	"vmterminal/vm/host"
)

// automaton takes the automatic snapshots of one running VM. It belongs to one
// goroutine.
type automaton struct {
	now      func() time.Time
	settings func() (Automatic, error)
	changed  <-chan struct{} // the settings may be others
	newest   func(context.Context) time.Time
	take     func(context.Context, Automatic) (at time.Time, err error)
	prune    func(context.Context, Automatic) error
	log      func(line string)
	keep     func(automaticRecord) error

	set    Automatic
	when   schedule
	record automaticRecord
	kept   automaticRecord // the record as it was kept last
}

// wallClock is the time as people set it. Without the monotonic reading it also
// tells how long the computer has slept.
func wallClock() time.Time { return time.Now().UTC().Round(0) }

// runAutomatic takes a VM's automatic snapshots until ctx ends.
func (s *Service) runAutomatic(ctx context.Context, name string, log io.Writer) {
	dir := s.vms.Dir(name)
	_ = ondisk.SweepTempsOf(dir.Automatic()) // a failure only leaves it there
	t := automaticTaker{s: s, name: name, state: s.state, open: s.runningSource}
	kept := readAutomaticRecord(dir)
	a := automaton{
		now: s.now, settings: t.settings, changed: s.settingsChanges(ctx),
		newest: t.newest, take: t.take, prune: t.prune, keep: func(r automaticRecord) error { return r.write(dir) },
		log: func(line string) {
			fmt.Fprintf(log, "%s automatic snapshots: %s\n", s.now().Format(time.RFC3339), Plain(line))
		},
		when: newSchedule(s.now()), record: kept, kept: kept,
	}
	a.run(ctx)
}

func (a *automaton) run(ctx context.Context) {
	for ctx.Err() == nil {
		a.look(ctx)
		select {
		case <-ctx.Done():
		case <-a.changed:
		case <-time.After(a.pause()):
		}
	}
}

// pause is how long nothing has to be done.
func (a *automaton) pause() time.Duration {
	if !a.set.On() {
		return lookAgain
	}
	return min(lookAgain, a.when.due.Sub(a.now()))
}

func (a *automaton) look(ctx context.Context) {
	a.when.look(a.now())
	if set, err := a.settings(); err == nil { // else those that were read last hold
		a.change(ctx, set)
	}
	if a.set.On() && !a.now().Before(a.when.due) {
		a.takeOne(ctx)
	}
	a.publish()
}

// change takes up new settings.
func (a *automaton) change(ctx context.Context, set Automatic) {
	was := a.set
	a.set = set
	switch {
	case set.Every == was.Every, !set.On():
	case was.On():
		a.when.set(set.Every, a.when.from)
	default:
		from := a.newest(ctx)
		if from.IsZero() {
			from = a.when.from
		}
		a.when.set(set.Every, earlier(from, a.now()))
	}
}

func (a *automaton) takeOne(ctx context.Context) {
	at, err := a.take(ctx, a.set)
	switch {
	case err == nil:
		a.when.made(at, a.now())
		a.well()
		a.pruneOld(ctx)
	case errors.Is(err, snapshot.ErrUnchanged):
		a.when.plan(a.now())
		a.well()
	case isBusy(err):
		if a.when.foundBusy(a.now()) {
			a.fail(phrase("One was left out."), err)
		}
	case ended(ctx):
	default:
		a.when.failed(a.now())
		a.fail(Phrase{}, err)
	}
}

func (a *automaton) pruneOld(ctx context.Context) {
	err := a.prune(ctx, a.set)
	switch {
	case err == nil:
	case isBusy(err):
		a.log("the next one deletes older ones: " + Explain(err).Line())
	case ended(ctx):
	default:
		a.fail(phrase("One was taken, but older ones were not deleted."), err)
	}
}

// isBusy tells whether another job has the VM, which is no failure.
func isBusy(err error) bool {
	return errors.Is(err, ondisk.ErrLocked) || errors.Is(err, host.ErrBusy)
}

// leaving is how long a VM may have left before that is known.
const leaving = 5 * time.Second

// ended tells whether a failure is nothing but the VM's end, which breaks what is
// read from it.
func ended(ctx context.Context) bool {
	if ctx.Err() != nil {
		return true
	}
	select {
	case <-ctx.Done():
		return true
	case <-time.After(leaving):
		return false
	}
}

// well forgets the last failure.
func (a *automaton) well() { a.record.automaticFailure = automaticFailure{} }

// fail tells of a failure, and of what else became of it, in host.log and to
// whoever looks at the VM.
func (a *automaton) fail(also Phrase, err error) {
	p := Explain(err)
	if also.Format != "" {
		p.Left = append([]Phrase{also}, p.Left...)
		p.Disk = said(p.Left)
	}
	a.record.automaticFailure = automaticFailure{Failure: p.Line(), Why: p.told(), FailedAt: a.now()}
	a.log(a.record.Failure)
}

// publish keeps the record. One that could not be kept, as on a full disk, is
// tried again at the next look.
func (a *automaton) publish() {
	if a.set.On() {
		a.record.Next = a.when.due
	} else {
		a.record = automaticRecord{}
	}
	if a.record == a.kept {
		return
	}
	if a.keep(a.record) == nil {
		a.kept = a.record
	}
}
