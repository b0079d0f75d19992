package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vmterminal/snapshot"
	"vmterminal/vm"
	"vmterminal/vm/host"
)

// automaticTaker is what a schedule does with its VM and the VM's snapshots.
type automaticTaker struct {
	s    *Service
	name string // the VM's

	state func(ctx context.Context, name string) (host.State, error)
	open  opener
}

func (t automaticTaker) store() *snapshot.Store { return snapshot.Open(t.s.vms.Dir(t.name)) }

func (t automaticTaker) settings() (Automatic, error) {
	e, err := t.s.vms.Get(t.name)
	return automaticOf(e.Automatic), err
}

// newest is the moment of the newest automatic snapshot, or else the VM's start;
// zero when neither is known.
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

// take takes one of the running VM. The error wraps snapshot.ErrUnchanged when
// there is nothing to take.
func (t automaticTaker) take(ctx context.Context, a Automatic) (at time.Time, err error) {
	at = t.s.now()
	err = t.takeAt(ctx, at, a)
	return at, failed(err, "The disk is unchanged, and no snapshot was added.", "take an automatic snapshot of VM '%s'", t.name)
}

func (t automaticTaker) takeAt(ctx context.Context, at time.Time, a Automatic) error {
	e, err := t.s.vms.Get(t.name)
	if err != nil {
		return err
	}
	store := t.store()
	if err := t.unchanged(ctx, store); err != nil {
		return err
	}
	name, err := freeName(store, AutomaticName(at.Local()))
	if err != nil {
		return err
	}
	_, err = t.s.take(ctx, e, store, snapshot.Request{
		Name: name, Description: "Taken automatically, every " + FormatInterval(a.Every),
		VM: e.Name, Created: at, Automatic: true, UnlessSame: true,
	}, t.open, &meter{})
	return err
}

// unchanged is ErrUnchanged when the guest has written nothing since a snapshot
// that is still good.
func (t automaticTaker) unchanged(ctx context.Context, store *snapshot.Store) error {
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

// prune deletes the oldest of the automatic snapshots.
func (t automaticTaker) prune(ctx context.Context, a Automatic) error {
	_, err := t.s.PruneSnapshots(ctx, t.name, Keep{Last: a.Keep, AutomaticOf: t.name}, false)
	return err
}

// freeName returns the name, or if it is taken one made of it.
func freeName(store *snapshot.Store, name string) (string, error) {
	free := name
	for n := 2; ; n++ {
		err := store.Reserve(free)
		if !errors.Is(err, snapshot.ErrExists) {
			return free, err
		}
		free = fmt.Sprintf("%s-%d", name, n)
	}
}

// state asks the host process of a running VM.
func (s *Service) state(ctx context.Context, name string) (host.State, error) {
	client, err := s.reach(ctx, name)
	if err != nil {
		return host.State{}, err
	}
	defer client.Close()
	return client.State(ctx)
}

// runningSource is source for a VM that must be running: the disk of one that
// has just left is not touched.
func (s *Service) runningSource(ctx context.Context, e vm.Entry, _ string) (stillDisk, error) {
	return s.pointInTime(ctx, e.Name)
}
