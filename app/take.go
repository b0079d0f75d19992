package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"vmterminal/snapshot"
	"vmterminal/vm"
	"vmterminal/vm/host"
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
		req := snapshot.Request{Name: n.Name, Description: n.Description, VM: e.Name, Created: s.now()}
		made, err := s.take(ctx, e, store, req, s.source, m)
		if err != nil {
			return nil, failed(err, "The disk is unchanged, and no snapshot was added.", "take snapshot '%s' of VM '%s'", n.Name, e.Name)
		}
		shown := asSnapshot(s.vms.Dir(e.Name), made.Info, true)
		shown.Reused, shown.Unread, shown.Notes = made.Reused, made.Unread, made.Notes
		return shown, nil
	}), nil
}

// opener opens what a snapshot is taken of.
type opener func(ctx context.Context, e vm.Entry, doing string) (stillDisk, error)

func (s *Service) take(ctx context.Context, e vm.Entry, store *snapshot.Store, req snapshot.Request, open opener, m Meter) (snapshot.Created, error) {
	holder := "taking snapshot '" + req.Name + "'"
	job, err := s.holdJob(ctx, e.Name, holder)
	if err != nil {
		return snapshot.Created{}, err
	}
	defer job.release()
	disk, err := open(job, e, holder)
	if err != nil {
		return snapshot.Created{}, err
	}
	defer disk.done()
	req.Taken, req.Held, req.Changes = disk.taken, disk.held, disk.changes
	made, err := store.Create(job, disk.source, req, m)
	if err != nil {
		return made, err
	}
	disk.became(ctx, made.Info)
	dir := s.vms.Dir(e.Name)
	o := readOrigin(dir)
	o.Disk = markOf(made.Info)
	o.write(dir)
	return made, nil
}

// stillDisk is what a snapshot is taken of.
type stillDisk struct {
	source  snapshot.Source
	taken   snapshot.Taken
	held    time.Duration
	changes *snapshot.Changes
	// became is told what snapshot it became, before done gives the disk back.
	became func(context.Context, snapshot.Info)
	done   func()
}

// source opens the disk of a stopped VM under its lock, or a point in time of
// a running one.
func (s *Service) source(ctx context.Context, e vm.Entry, doing string) (stillDisk, error) {
	hold, err := s.holdDisk(ctx, e.Name, doing)
	if errors.Is(err, ErrRunning) {
		return s.pointInTime(ctx, e.Name)
	}
	if err != nil {
		return stillDisk{}, err
	}
	if e.Broken != nil {
		hold.release()
		return stillDisk{}, e.Broken
	}
	disk, err := snapshot.OpenDisk(s.vms.Dir(e.Name).Disk())
	if err != nil {
		hold.release()
		return stillDisk{}, err
	}
	return stillDisk{
		source: disk, taken: snapshot.TakenStopped,
		became: func(context.Context, snapshot.Info) {}, done: func() {
			disk.Close()
			hold.release()
		},
	}, nil
}

func (s *Service) pointInTime(ctx context.Context, name string) (stillDisk, error) {
	client, err := s.reach(ctx, name)
	if err != nil {
		return stillDisk{}, err
	}
	pit, err := client.BeginPointInTime(ctx)
	if err != nil {
		client.Close()
		return stillDisk{}, err // it says that it is of the point in time
	}
	image, err := qemu.OpenImage(ctx, pit.Socket, pit.Export)
	if err != nil {
		pit.Close()
		client.Close()
		return stillDisk{}, fmt.Errorf("point in time: %w", err)
	}
	return stillDisk{
		source: image, taken: snapshot.Taken(pit.Taken), held: pit.Held, changes: changesOf(ctx, pit),
		became: func(ctx context.Context, i snapshot.Info) {
			// Untold, the next snapshot has to read more, and is as good.
			_ = pit.Kept(ctx, host.SnapshotRef{ID: i.ID, Digest: i.Digest})
		},
		done: closers(image, pit, client),
	}, nil
}

// changesOf is what QEMU has noted of the guest's changes, nil if that is not
// known.
func changesOf(ctx context.Context, pit host.PointInTime) *snapshot.Changes {
	if pit.Changes == "" {
		return nil
	}
	dirty, err := qemu.ReadChanges(ctx, pit.Socket, pit.Export, pit.Changes)
	if err != nil {
		return nil
	}
	c := &snapshot.Changes{ID: pit.Since.ID, Digest: pit.Since.Digest}
	for _, r := range dirty {
		c.Ranges = append(c.Ranges, snapshot.Range(r))
	}
	return c
}

// closers closes in the given order.
func closers(list ...io.Closer) func() {
	return func() {
		for _, c := range list {
			c.Close()
		}
	}
}
