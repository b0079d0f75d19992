package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"vmterminal/snapshot"
	"vmterminal/vm"
	"vmterminal/vm/qemu"
)

// CreateSnapshot begins a snapshot of a VM as a job; its Result is a Snapshot.
// What can be refused at once (no such VM, a bad or taken name) is.
func (s *Service) CreateSnapshot(_ context.Context, vmName string, n NewSnapshot) (*Job, error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, failed(err, "", "take snapshot '%s' of %s", Plain(n.Name), called(vmName))
	}
	store := snapshot.Open(s.vms.Dir(e.Name))
	if err := store.Reserve(n.Name); err != nil {
		return nil, failed(err, unchanged, "take snapshot '%s' of VM '%s'", Plain(n.Name), e.Name)
	}
	return s.jobs.run(JobSnapshot, e.Name, n.Name, func(ctx context.Context, m Meter) (any, error) {
		made, err := s.take(ctx, e, store, n, m)
		if err != nil {
			return nil, failed(err, "The disk is unchanged, and no snapshot was added.", "take snapshot '%s' of VM '%s'", n.Name, e.Name)
		}
		shown := asSnapshot(s.vms.Dir(e.Name), made.Info, true)
		shown.Reused, shown.Notes = made.Reused, made.Notes
		return shown, nil
	}), nil
}

func (s *Service) take(ctx context.Context, e vm.Entry, store *snapshot.Store, n NewSnapshot, m Meter) (snapshot.Created, error) {
	doing := "taking snapshot '" + n.Name + "'"
	job, err := s.holdJob(e.Name, doing)
	if err != nil {
		return snapshot.Created{}, err
	}
	defer job.release()
	req := snapshot.Request{Name: n.Name, Description: n.Description, VM: e.Name, Created: time.Now()}
	source, done, err := s.source(ctx, e, doing, &req)
	if err != nil {
		return snapshot.Created{}, err
	}
	defer done()
	made, err := store.Create(ctx, source, req, m)
	if err == nil {
		dir := s.vms.Dir(e.Name)
		o := readOrigin(dir)
		o.Disk = markOf(made.Info)
		o.write(dir)
	}
	return made, err
}

// source opens what a snapshot is taken from: the disk of a stopped VM under
// its lock, or a point in time of a running one. done gives it back.
func (s *Service) source(ctx context.Context, e vm.Entry, doing string, req *snapshot.Request) (src snapshot.Source, done func(), err error) {
	lock, err := s.holdDisk(e.Name, doing)
	switch {
	case err == nil:
		if e.Broken != nil {
			lock.Close()
			return nil, nil, e.Broken
		}
		disk, err := snapshot.OpenDisk(s.vms.Dir(e.Name).Disk())
		if err != nil {
			lock.Close()
			return nil, nil, err
		}
		req.Taken = snapshot.TakenStopped
		return disk, closers(disk, lock), nil
	case errors.Is(err, ErrRunning):
		return s.pointInTime(ctx, e.Name, req)
	default:
		return nil, nil, err
	}
}

func (s *Service) pointInTime(ctx context.Context, name string, req *snapshot.Request) (snapshot.Source, func(), error) {
	client, err := s.reach(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	pit, err := client.BeginPointInTime(ctx)
	if err != nil {
		client.Close()
		return nil, nil, fmt.Errorf("point in time: %w", err)
	}
	req.Taken, req.Held = snapshot.Taken(pit.Taken), pit.Held
	image, err := qemu.OpenImage(ctx, pit.Socket, pit.Export)
	if err != nil {
		pit.Close()
		client.Close()
		return nil, nil, fmt.Errorf("point in time: %w", err)
	}
	return image, closers(image, pit, client), nil
}

// closers closes in the given order.
func closers(list ...io.Closer) func() {
	return func() {
		for _, c := range list {
			c.Close()
		}
	}
}
