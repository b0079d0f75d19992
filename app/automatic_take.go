package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/app/schedule"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/supervisor/client"
)

// automaticTaker implements the functions of an automaticScheduler for one VM.
type automaticTaker struct {
	s    *Service
	name string // the VM's name

	state func(ctx context.Context, name string) (client.State, error)
	open  sourceFunc
	debug *slog.Logger // receives the phases of each snapshot; may be nil
}

func (t automaticTaker) store() *snapshot.Store {
	return snapshot.Open(SnapshotPaths(t.s.vms.Dir(t.name)))
}

func (t automaticTaker) settings() (Automatic, error) {
	e, err := t.s.vms.Get(t.name)
	return automaticFromSetting(e.Automatic), err
}

// newest returns the time of the newest automatic snapshot or, without one, the time when the
// VM was started. It returns the zero time if neither is known.
func (t automaticTaker) newest(ctx context.Context) time.Time {
	list, _, err := t.store().List(ctx)
	if err == nil {
		for _, i := range list {
			if i.Automatic && i.State == snapshot.StateOK {
				return i.Created
			}
		}
	}
	st, err := t.state(ctx, t.name)
	if err != nil {
		return time.Time{}
	}
	return st.Since
}

// take takes a snapshot of the running VM. The error wraps snapshot.ErrUnchanged if the disk
// has not changed.
func (t automaticTaker) take(ctx context.Context, a Automatic) (at time.Time, err error) {
	at = t.s.now()
	err = t.createSnapshot(ctx, at, a)
	return at, wrapFailure(err, problem.Operation{Code: problem.OpSnapshotCreateAutomatic, VM: t.name}, problem.DiskUnchanged, problem.NoSnapshotAdded)
}

func (t automaticTaker) createSnapshot(ctx context.Context, at time.Time, a Automatic) error {
	e, err := t.s.vms.Get(t.name)
	if err != nil {
		return err
	}
	store := t.store()
	if err := t.checkChanged(ctx, store); err != nil {
		return err
	}
	name, err := unusedName(store, AutomaticName(at.Local()))
	if err != nil {
		return err
	}
	_, err = logJob(t.debug, job.Snapshot, e.Name, func(ctx context.Context, m job.Meter) (createdSnapshot, error) {
		return t.s.createSnapshot(ctx, e, store, snapshot.Request{
			Name: name, Purpose: snapshot.Purpose{Code: PurposeAutomatic, Value: schedule.FormatInterval(a.Every)},
			VM: e.Name, Created: at, Automatic: true, UnlessSame: true,
		}, t.open, m)
	})(ctx, job.NewDiscardMeter())
	return err
}

// checkChanged returns ErrUnchanged if the guest has written nothing since a snapshot that
// still exists and is intact.
func (t automaticTaker) checkChanged(ctx context.Context, store *snapshot.Store) error {
	st, err := t.state(ctx, t.name)
	if err != nil || st.UnchangedSince == "" {
		return err
	}
	list, _, err := store.List(ctx)
	if err != nil {
		return err
	}
	for _, i := range list {
		if i.ID == st.UnchangedSince && i.State == snapshot.StateOK {
			return fmt.Errorf("%w %q", snapshot.ErrUnchanged, i.Name)
		}
	}
	return nil
}

// prune deletes all automatic snapshots except the newest a.Keep.
func (t automaticTaker) prune(ctx context.Context, a Automatic) error {
	_, err := t.s.PruneSnapshots(ctx, t.name, Keep{Last: a.Keep, AutomaticOf: t.name}, false)
	return err
}

// unusedName returns name, with a number appended if the name is already in use.
func unusedName(store *snapshot.Store, name string) (string, error) {
	candidate := name
	for n := 2; ; n++ {
		err := store.Reserve(candidate)
		if !errors.Is(err, snapshot.ErrExists) {
			return candidate, err
		}
		candidate = fmt.Sprintf("%s-%d", name, n)
	}
}

// supervisorState returns the state that the supervisor of a running VM reports.
func (s *Service) supervisorState(ctx context.Context, name string) (client.State, error) {
	vmClient, err := s.connect(ctx, name)
	if err != nil {
		return client.State{}, err
	}
	defer vmClient.Close()
	return vmClient.State(ctx)
}

// runningSource opens the disk of a running VM. Unlike openSource, it fails if the VM has just
// exited.
func (s *Service) runningSource(ctx context.Context, e vm.Entry, _ durable.Activity, _ job.Meter) (snapshotSource, error) {
	return s.openPointInTime(ctx, e.Name, (*client.Client).BeginPointInTime)
}
