package app

import (
	"context"

	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
)

// RenameSnapshot renames a snapshot: its file and all records that name it.
func (s *Service) RenameSnapshot(ctx context.Context, vmName, old, name string) error {
	op := problem.Operation{Code: problem.OpSnapshotRename, VM: vmName, Snapshot: old, Name: name}
	e, err := s.entry(vmName)
	if err != nil {
		return wrapFailure(err, op)
	}
	return s.editSnapshots(ctx, e.Name, op, func(store *snapshot.Store) error {
		info, err := store.Get(ctx, old)
		if err == nil {
			err = store.Rename(ctx, old, name)
		}
		if err == nil {
			renameOrigin(s.vms.Dir(e.Name), info, name)
		}
		return err
	})
}

// DescribeSnapshot changes a snapshot's description.
func (s *Service) DescribeSnapshot(ctx context.Context, vmName, name, description string) error {
	op := problem.Operation{Code: problem.OpSnapshotDescribe, VM: vmName, Snapshot: name}
	return s.editSnapshots(ctx, vmName, op, func(store *snapshot.Store) error { return store.Describe(ctx, name, description) })
}

// PinSnapshot pins or unpins a snapshot. A pinned snapshot is never pruned.
func (s *Service) PinSnapshot(ctx context.Context, vmName, name string, pinned bool) error {
	op := problem.Operation{Code: problem.OpSnapshotPin, VM: vmName, Snapshot: name}
	if !pinned {
		op.Code = problem.OpSnapshotUnpin
	}
	return s.editSnapshots(ctx, vmName, op, func(store *snapshot.Store) error { return store.Pin(ctx, name, pinned) })
}

// editSnapshots runs change on a VM's snapshots while it holds the VM's job lock.
func (s *Service) editSnapshots(ctx context.Context, vmName string, op problem.Operation, change func(*snapshot.Store) error) error {
	e, err := s.entry(vmName)
	if err != nil {
		return wrapFailure(err, op)
	}
	op.VM = e.Name
	lock, err := s.lockJob(ctx, e.Name, durable.Activity{Code: string(op.Code), Name: op.Snapshot})
	if err == nil {
		defer lock.release()
		err = change(snapshot.Open(SnapshotPaths(s.vms.Dir(e.Name))))
	}
	return wrapFailure(err, op, problem.NothingChanged)
}
