package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// CreateSnapshot starts a job that takes a snapshot of a VM. Errors that are known
// immediately, such as a missing VM or an invalid or existing name, are returned directly.
func (s *Service) CreateSnapshot(_ context.Context, vmName string, n NewSnapshot) (*job.Job[Snapshot], error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpSnapshotCreate, VM: vmName, Snapshot: n.Name})
	}
	store := snapshot.Open(SnapshotPaths(s.vms.Dir(e.Name)))
	if err = checkKept(e); err == nil {
		err = store.Reserve(n.Name)
	}
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpSnapshotCreate, VM: e.Name, Snapshot: n.Name}, problem.DiskUnchanged)
	}
	return runJob(s, job.Snapshot, job.Subject{VM: e.Name, Name: n.Name}, func(ctx context.Context, m job.Meter) (Snapshot, error) {
		req := snapshot.Request{Name: n.Name, Description: n.Description, Purpose: n.Purpose, VM: e.Name, Created: s.now()}
		created, err := s.createSnapshot(ctx, e, store, req, s.openSource, m)
		if err != nil {
			return Snapshot{}, wrapFailure(err, problem.Operation{Code: problem.OpSnapshotCreate, VM: e.Name, Snapshot: n.Name}, problem.DiskUnchanged, problem.NoSnapshotAdded)
		}
		result := snapshotFromInfo(s.vms.Dir(e.Name), created.Info, true)
		result.Reused, result.Unread, result.Notes = created.Reused, created.Unread, created.Notes
		result.NotFrozen, result.DiskReplaced = created.notFrozen, created.diskReplaced
		return result, nil
	}), nil
}

// sourceFunc opens the source of a snapshot.
type sourceFunc func(ctx context.Context, e vm.Entry, activity durable.Activity, m job.Meter) (snapshotSource, error)

// createdSnapshot is a new snapshot with information about its source.
type createdSnapshot struct {
	snapshot.Created
	notFrozen NotFrozen
	// diskReplaced reports that another file has replaced the disk file.
	diskReplaced bool
}

func (s *Service) createSnapshot(ctx context.Context, e vm.Entry, store *snapshot.Store, req snapshot.Request, open sourceFunc, m job.Meter) (createdSnapshot, error) {
	activity := durable.Activity{Code: string(problem.OpSnapshotCreate), Name: req.Name}
	lock, err := s.lockJob(ctx, e.Name, activity)
	if err != nil {
		return createdSnapshot{}, err
	}
	defer lock.release()
	disk, err := open(lock, e, activity, m)
	if err != nil {
		return createdSnapshot{}, err
	}
	defer disk.close()
	req.Taken, req.FrozenFor, req.Changes = disk.taken, disk.frozenFor, disk.changes
	var baseImage string
	req.Base = func() (path string) {
		path, baseImage = s.findBase(lock, e)
		return path
	}
	created, err := store.Create(lock, disk.source, req, m)
	if err != nil {
		err = disk.wrapError(ctx, err)
		return createdSnapshot{}, err
	}
	disk.onCreated(ctx, created.Info)
	if created.BadBase && baseImage != "" {
		_ = s.imageStore(nil).RemoveBase(baseImage) // the next VM created from the image writes it again
	}
	dir := s.vms.Dir(e.Name)
	o := readOrigin(dir)
	o.Disk = snapshotRef{created.ID, created.Name}
	o.write(dir)
	return createdSnapshot{created, disk.notFrozen, disk.diskReplaced}, nil
}

// snapshotSource is what a snapshot is taken of: the disk of a stopped VM, or a point in time
// of a running VM's disk.
type snapshotSource struct {
	source    snapshot.Source
	taken     snapshot.Taken
	frozenFor time.Duration
	changes   *snapshot.Changes
	// notFrozen says why the snapshot of a running VM is only crash-consistent.
	notFrozen NotFrozen
	// diskReplaced reports that another file has replaced the disk file.
	diskReplaced bool
	// wrapError wraps a read error in ErrStopped if the VM has stopped.
	wrapError func(context.Context, error) error
	// onCreated is called with the created snapshot before close.
	onCreated func(context.Context, snapshot.Info)
	close     func()
}

// openSource opens the disk of a stopped VM, which stays locked until close or until the VM is
// started, or a point in time of a running VM's disk. A lazy disk of a stopped VM is completed
// first.
func (s *Service) openSource(ctx context.Context, e vm.Entry, activity durable.Activity, m job.Meter) (snapshotSource, error) {
	lock, err := s.lockDisk(ctx, e.Name, activity)
	if errors.Is(err, ErrRunning) {
		return s.openPointInTime(ctx, e.Name, (*client.Client).BeginPointInTime)
	}
	if err != nil {
		return snapshotSource{}, err
	}
	if e.Broken != nil {
		lock.release()
		return snapshotSource{}, e.Broken
	}
	dir := s.vms.Dir(e.Name)
	err = completeDisk(ctx, dir, dir.Disk(), m)
	var disk *stoppedDisk
	if err == nil {
		disk, err = s.openStoppedDisk(ctx, e, activity, lock)
	}
	if err != nil {
		lock.release()
		return snapshotSource{}, err
	}
	return disk.snapshotSource(), nil
}

// beginFunc is a method of *client.Client that begins a point in time.
type beginFunc func(*client.Client, context.Context) (client.PointInTime, error)

func (s *Service) openPointInTime(ctx context.Context, name string, begin beginFunc) (snapshotSource, error) {
	vmClient, err := s.connect(ctx, name)
	if err != nil {
		return snapshotSource{}, err
	}
	pit, err := begin(vmClient, ctx)
	if err != nil {
		vmClient.Close()
		return snapshotSource{}, err // the error already mentions the point in time
	}
	st, err := vmClient.State(ctx)
	replaced := err == nil && st.DiskReplaced
	image, err := qemu.OpenImage(ctx, pit.Socket, pit.Export)
	if err != nil {
		pit.Close()
		vmClient.Close()
		return snapshotSource{}, fmt.Errorf("point in time: %w", err)
	}
	return snapshotSource{
		source: image, taken: snapshot.Taken(pit.Taken), frozenFor: pit.FrozenFor, changes: changedRanges(ctx, pit),
		notFrozen: notFrozenReason(pit), diskReplaced: replaced,
		wrapError: func(ctx context.Context, err error) error {
			if _, gone := vmClient.State(ctx); errors.Is(gone, client.ErrNotRunning) {
				return fmt.Errorf("%w: the VM stopped while its disk was read: %w", ErrStopped, err)
			}
			return err
		},
		onCreated: func(ctx context.Context, i snapshot.Info) {
			// If this fails, the next snapshot only has to read more.
			_ = pit.RecordSnapshot(ctx, client.SnapshotRef{ID: i.ID, Digest: i.Digest})
		},
		close: closeAll(image, pit, vmClient),
	}, nil
}

// notFrozenReason returns why the guest was not frozen, or "" if it was. If a supervisor of an
// earlier version gives no reason, it assumes the most common one, a missing agent.
func notFrozenReason(pit client.PointInTime) NotFrozen {
	if pit.Taken == client.TakenCrash && pit.NotFrozen == "" {
		return NotFrozenNoAgent
	}
	return pit.NotFrozen
}

// changedRanges returns the guest's changes that QEMU recorded, or nil if unknown.
func changedRanges(ctx context.Context, pit client.PointInTime) *snapshot.Changes {
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
	for _, r := range pit.Earlier {
		c.Ranges = append(c.Ranges, snapshot.Range(r))
	}
	return c
}

// closeAll returns a function that closes all of list in order.
func closeAll(list ...io.Closer) func() {
	return func() {
		for _, c := range list {
			c.Close()
		}
	}
}
