package app

import (
	"cmp"
	"context"

	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// Snapshots returns a VM's snapshots, newest first.
func (s *Service) Snapshots(ctx context.Context, vmName string) (SnapshotList, error) {
	e, err := s.entry(vmName)
	if err != nil {
		return SnapshotList{}, wrapFailure(err, problem.Operation{Code: problem.OpSnapshotList, VM: vmName})
	}
	return s.listSnapshots(ctx, e.Name)
}

// listSnapshots returns the snapshots of the VM with exactly the given name.
func (s *Service) listSnapshots(ctx context.Context, name string) (SnapshotList, error) {
	dir := s.vms.Dir(name)
	store := snapshot.Open(SnapshotPaths(dir))
	infos, notes, err := store.List(ctx)
	if err != nil {
		return SnapshotList{}, wrapFailure(err, problem.Operation{Code: problem.OpSnapshotList, VM: name})
	}
	list := SnapshotList{VM: name, Notes: notes}
	recorded := readOrigin(dir)
	if size, used, since, err := store.UndoInfo(); err == nil {
		list.Undo = &UndoDisk{size, used, since, recorded.Restored.Name, recorded.undoAtRisk(store, infos), recorded.isRestored(store, infos)}
	}
	for _, info := range infos {
		list.Snapshots = append(list.Snapshots, snapshotFromInfo(dir, info, recorded.Disk.matches(info)))
		if list.Undo != nil && recorded.Restored.matches(info) {
			list.Undo.Restored = info.Name // it may have been renamed
		}
	}
	return list, nil
}

// Snapshot returns one snapshot.
func (s *Service) Snapshot(ctx context.Context, vmName, name string) (Snapshot, error) {
	e, err := s.entry(vmName)
	if err != nil {
		return Snapshot{}, wrapFailure(err, problem.Operation{Code: problem.OpSnapshotShow, VM: vmName, Snapshot: name})
	}
	dir := s.vms.Dir(e.Name)
	info, err := snapshot.Open(SnapshotPaths(dir)).Get(ctx, name)
	if err != nil {
		return Snapshot{}, wrapFailure(err, problem.Operation{Code: problem.OpSnapshotShow, VM: e.Name, Snapshot: name})
	}
	return snapshotFromInfo(dir, info, readOrigin(dir).Disk.matches(info)), nil
}

// DeleteSnapshot permanently deletes a snapshot.
func (s *Service) DeleteSnapshot(ctx context.Context, vmName, name string) error {
	e, err := s.entry(vmName)
	if err != nil {
		return wrapFailure(err, problem.Operation{Code: problem.OpSnapshotDelete, VM: vmName, Snapshot: name})
	}
	lock, err := s.lockJob(ctx, e.Name, durable.Activity{Code: string(problem.OpSnapshotDelete), Name: name})
	if err == nil {
		defer lock.release()
		err = snapshot.Open(SnapshotPaths(s.vms.Dir(e.Name))).Delete(ctx, name)
	}
	return wrapFailure(err, problem.Operation{Code: problem.OpSnapshotDelete, VM: e.Name, Snapshot: name}, problem.SnapshotsKept)
}

// DeleteSnapshots deletes several snapshots of a VM. It returns an error or nil for each name.
func (s *Service) DeleteSnapshots(ctx context.Context, vmName string, names []string) []error {
	e, err := s.entry(vmName)
	errs := make([]error, len(names))
	var lock *vmLock
	if err == nil {
		vmName = e.Name
		lock, err = s.lockJob(ctx, e.Name, durable.Activity{Code: activityDeleteSnapshots})
	}
	if err == nil {
		defer lock.release()
		errs = snapshot.Open(SnapshotPaths(s.vms.Dir(e.Name))).DeleteAll(lock, names)
	}
	for at, name := range names {
		errs[at] = wrapFailure(cmp.Or(errs[at], err), problem.Operation{Code: problem.OpSnapshotDelete, VM: vmName, Snapshot: name}, problem.SnapshotsKept)
	}
	return errs
}

func snapshotFromInfo(dir home.VMDir, i snapshot.Info, current bool) Snapshot {
	s := Snapshot{
		ID: i.ID, Name: i.Name, Description: i.Description, Purpose: i.Purpose, VM: i.VM,
		Created: i.Created, DiskSize: i.DiskSize, FileSize: i.FileSize, Digest: i.Digest,
		Taken: i.Taken, FrozenFor: i.FrozenFor,
		State: i.State, DamageFoundAt: i.DamageFoundAt, Foreign: i.Foreign,
		Pinned: i.Pinned, Automatic: i.Automatic, VerifiedAt: i.VerifiedAt, BootedAt: i.BootedAt, Frees: i.Frees,
		IsCurrent: current,
		File:      snapshot.File(dir.Snapshots(), i.Name),
	}
	if i.Problem != nil {
		s.Problem = Explain(i.Problem)
	}
	return s
}
