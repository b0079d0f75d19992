package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"vmterminal/app/problem"
	"vmterminal/app/schedule"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/supervisor/client"
)

// automaticScheduler takes the automatic snapshots of one running VM. It is not safe for
// concurrent use.
type automaticScheduler struct {
	now             func() time.Time
	settings        func() (Automatic, error)
	settingsChanged <-chan struct{} // receives a value when settings may have changed
	newest          func(context.Context) time.Time
	take            func(context.Context, Automatic) (at time.Time, err error)
	prune           func(context.Context, Automatic) error
	log             func(line string)
	save            func(automaticRecord) error

	current  Automatic
	schedule schedule.Schedule
	record   automaticRecord
	saved    automaticRecord // the last stored record
}

// wallClock returns the current time without its monotonic reading, so that durations include
// time when the computer was suspended.
func wallClock() time.Time { return time.Now().UTC().Round(0) }

// runAutomatic takes a VM's automatic snapshots until ctx is done.
func (s *Service) runAutomatic(ctx context.Context, name string, log io.Writer, debug *slog.Logger) {
	dir := s.vms.Dir(name)
	_ = durable.SweepTempsOf(dir.Automatic()) // retried at the next start
	t := automaticTaker{s: s, name: name, state: s.supervisorState, open: s.runningSource, debug: debug}
	stored := readAutomaticRecord(dir)
	a := automaticScheduler{
		now: s.now, settings: t.settings, settingsChanged: s.settingsChanges(ctx),
		newest: t.newest, take: t.take, prune: t.prune, save: func(r automaticRecord) error { return r.write(dir) },
		log: func(line string) {
			fmt.Fprintf(log, "%s automatic snapshots: %s\n", s.now().Format(time.RFC3339), Plain(line))
		},
		schedule: schedule.New(s.now()), record: stored, saved: stored,
	}
	a.run(ctx)
}

func (a *automaticScheduler) run(ctx context.Context) {
	for ctx.Err() == nil {
		a.step(ctx)
		select {
		case <-ctx.Done():
		case <-a.settingsChanged:
		case <-time.After(a.untilNextStep()):
		}
	}
}

// untilNextStep returns how long to wait before the next step.
func (a *automaticScheduler) untilNextStep() time.Duration {
	if !a.current.On() {
		return schedule.ClockCheckInterval
	}
	return min(schedule.ClockCheckInterval, a.schedule.Due().Sub(a.now()))
}

func (a *automaticScheduler) step(ctx context.Context) {
	a.schedule.AdjustClock(a.now())
	if settings, err := a.settings(); err == nil { // on error, keep the previous settings
		a.applySettings(ctx, settings)
	}
	if a.current.On() && !a.now().Before(a.schedule.Due()) {
		a.takeDue(ctx)
	}
	a.saveRecord()
}

// applySettings replaces the settings and adjusts the schedule.
func (a *automaticScheduler) applySettings(ctx context.Context, settings Automatic) {
	previous := a.current
	a.current = settings
	switch {
	case settings.Every == previous.Every, !settings.On():
	case previous.On():
		a.schedule.SetInterval(settings.Every)
	default:
		a.schedule.Enable(settings.Every, a.newest(ctx), a.now())
	}
}

func (a *automaticScheduler) takeDue(ctx context.Context) {
	at, err := a.take(ctx, a.current)
	switch {
	case err == nil:
		a.schedule.RecordSnapshot(at, a.now())
		a.record.automaticFailure = automaticFailure{}
		a.pruneOld(ctx)
	case errors.Is(err, snapshot.ErrUnchanged):
		a.schedule.PlanAfter(a.now())
		a.record.automaticFailure = automaticFailure{}
	case isBusy(err):
		if a.schedule.RecordBusy(a.now()) {
			a.recordFailure(err, problem.AutomaticSkipped)
		}
	case vmExited(ctx):
	default:
		a.schedule.RecordFailure(a.now())
		a.recordFailure(err)
	}
}

func (a *automaticScheduler) pruneOld(ctx context.Context) {
	err := a.prune(ctx, a.current)
	switch {
	case err == nil:
	case isBusy(err):
		a.log("the next one deletes older ones: " + Explain(err).String())
	case vmExited(ctx):
	default:
		a.recordFailure(err, problem.OldOnesRemain)
	}
}

// isBusy reports whether another job is using the VM, which does not count as a failure.
func isBusy(err error) bool {
	return errors.Is(err, durable.ErrLocked) || errors.Is(err, client.ErrBusy)
}

// exitDetectionTime is how long a supervisor may take to notice that its VM has exited.
const exitDetectionTime = 5 * time.Second

// vmExited reports whether the VM has exited, which makes reads of its disk fail. It waits up
// to exitDetectionTime.
func vmExited(ctx context.Context) bool {
	if ctx.Err() != nil {
		return true
	}
	select {
	case <-ctx.Done():
		return true
	case <-time.After(exitDetectionTime):
		return false
	}
}

// recordFailure writes a failure to the log and to the record. The codes in also are added to
// the problem's states.
func (a *automaticScheduler) recordFailure(err error, also ...problem.StateCode) {
	p := Explain(err)
	for _, code := range also {
		p.Disk = slices.Insert(p.Disk, 0, problem.State{Code: code})
	}
	a.record.automaticFailure = automaticFailure{Problem: &p, FailedAt: a.now()}
	a.log(p.String())
}

// saveRecord saves the record if it changed. After an error, such as a full disk, the next
// step tries again.
func (a *automaticScheduler) saveRecord() {
	if a.current.On() {
		a.record.Next = a.schedule.Due()
	} else {
		a.record = automaticRecord{}
	}
	if a.record == a.saved {
		return
	}
	if a.save(a.record) == nil {
		a.saved = a.record
	}
}
