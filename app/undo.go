package app

import (
	"context"
	"errors"
	"time"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/qemu"
)

// Undone is the result of an undo: the sizes of the disk before and after, in bytes.
type Undone struct{ OldSize, NewSize int64 }

// UndoRestore starts a job that brings back the disk that the last restore replaced. The current
// disk becomes the undo disk, so that another UndoRestore brings it back. UndoRestore returns
// ErrRunning immediately for a running VM, unless opt.Stop is set.
func (s *Service) UndoRestore(ctx context.Context, vmName string, opt RestoreOptions) (*job.Job[Undone], error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpUndoRestore, VM: vmName})
	}
	change := diskChange{
		op:         problem.Operation{Code: problem.OpUndoRestore, VM: e.Name},
		resultCode: problem.DiskUndone,
	}
	_, _, _, err = snapshot.Open(SnapshotPaths(s.vms.Dir(e.Name))).UndoInfo()
	if err == nil && !opt.Stop {
		err = s.checkDiskLockable(ctx, e.Name, durable.Activity{Code: string(problem.OpUndoRestore)})
	}
	if err != nil {
		return nil, wrapFailure(err, change.op, problem.DiskUnchanged)
	}
	return runJob(s, job.Undo, job.Subject{VM: e.Name}, func(ctx context.Context, m job.Meter) (Undone, error) {
		var done Undone
		err := s.changeDisk(ctx, e, opt, m, change, func() (err error) {
			done, err = s.undoRestore(ctx, e)
			return err
		})
		return done, err
	}), nil
}

func (s *Service) undoRestore(ctx context.Context, e vm.Entry) (Undone, error) {
	lock, err := s.lockDisks(ctx, e.Name, durable.Activity{Code: string(problem.OpUndoRestore)})
	if err != nil {
		return Undone{}, err
	}
	defer lock.release()
	dir := s.vms.Dir(e.Name)
	previous, store := readOrigin(dir), snapshot.Open(SnapshotPaths(dir))
	oldDiskState, oldUndoState := store.DiskState(), store.UndoState()
	done, err := store.Undo(lock, dir.Disk())
	if err == nil || errors.Is(err, snapshot.ErrNotDurable) {
		now := origin{Disk: previous.Undo, Undo: previous.Disk}
		time.Sleep(timestampResolution)
		if oldUndoState != "" && previous.UndoState == oldUndoState {
			now.DiskState = store.DiskState()
		}
		if oldDiskState != "" && previous.DiskState == oldDiskState {
			now.UndoState = store.UndoState()
		}
		now.write(dir)
	}
	return Undone{done.OldSize, done.NewSize}, err
}

// DiscardUndo permanently deletes the undo disk and returns the number of bytes freed.
func (s *Service) DiscardUndo(ctx context.Context, vmName string) (freed int64, err error) {
	e, err := s.entry(vmName)
	if err != nil {
		return 0, wrapFailure(err, problem.Operation{Code: problem.OpUndoDiscard, VM: vmName})
	}
	dir := s.vms.Dir(e.Name)
	op := problem.Operation{Code: problem.OpUndoDiscard, VM: vmName}
	err = s.editSnapshots(ctx, e.Name, op, func(store *snapshot.Store) error {
		claim, err := qemu.ClaimDisk(dir.Undo())
		if err != nil {
			return err
		}
		defer func() { _ = claim.Close() }() // read-only
		previous := readOrigin(dir)
		freed, err = store.DiscardUndo(ctx)
		if err == nil {
			origin{Disk: previous.Disk, DiskState: previous.DiskState}.write(dir)
		}
		return err
	})
	return freed, err
}
