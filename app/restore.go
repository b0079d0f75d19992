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
)

// RestoreSnapshot starts a job that restores a VM's disk from a snapshot. It returns ErrRunning
// immediately for a running VM, unless opt.Stop is set. The previous disk is kept for undo.
func (s *Service) RestoreSnapshot(ctx context.Context, vmName, name string, opt RestoreOptions) (*job.Job[Restored], error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpSnapshotRestore, VM: vmName, Snapshot: name})
	}
	op := problem.Operation{Code: problem.OpSnapshotRestore, VM: e.Name, Snapshot: name}
	store := snapshot.Open(SnapshotPaths(s.vms.Dir(e.Name)))
	info, err := store.Get(ctx, name)
	if err != nil {
		return nil, wrapFailure(err, op, problem.DiskUnchanged)
	}
	if !opt.Stop {
		if err := s.checkDiskLockable(ctx, e.Name, durable.Activity{Code: string(problem.OpSnapshotRestore), Name: info.Name}); err != nil {
			return nil, wrapFailure(err, op, problem.DiskUnchanged)
		}
	}
	if err := s.checkSaveUndo(store, opt); err != nil {
		return nil, wrapFailure(err, op, problem.DiskUnchanged)
	}
	if opt.OnWarning != nil {
		s.warnBeforeRestore(ctx, e, info, opt)
	}
	return runJob(s, job.Restore, job.Subject{VM: e.Name, Name: info.Name}, func(ctx context.Context, m job.Meter) (Restored, error) {
		return s.restoreSnapshot(ctx, e, store, info, opt, m)
	}), nil
}

// checkSaveUndo returns an error if opt.SaveUndo cannot be the name of a new snapshot.
func (s *Service) checkSaveUndo(store *snapshot.Store, opt RestoreOptions) error {
	if opt.SaveUndo == "" {
		return nil
	}
	return store.Reserve(opt.SaveUndo)
}

// warnBeforeRestore reports the side effects of a restore: a different disk size, and the loss
// of the undo disk.
func (s *Service) warnBeforeRestore(ctx context.Context, e vm.Entry, info snapshot.Info, opt RestoreOptions) {
	size, _, _ := describeDisk(s.vms.Dir(e.Name))
	if size != 0 && size != info.DiskSize {
		opt.OnWarning(RestoreWarning{Code: WarnSizeChanges, OldSize: size, NewSize: info.DiskSize})
	}
	list, err := s.Snapshots(ctx, e.Name)
	if err == nil && list.Undo != nil && list.Undo.AtRisk && opt.SaveUndo == "" {
		opt.OnWarning(RestoreWarning{Code: WarnUndoDeleted, Undo: *list.Undo})
	}
}

func (s *Service) restoreSnapshot(ctx context.Context, e vm.Entry, store *snapshot.Store, info snapshot.Info, opt RestoreOptions, m job.Meter) (Restored, error) {
	change := diskChange{
		op:         problem.Operation{Code: problem.OpSnapshotRestore, VM: e.Name, Snapshot: info.Name},
		resultCode: problem.DiskRestored,
	}
	var result Restored
	err := s.changeDisk(ctx, e, opt, m, change, func() error {
		restored, err := s.restoreDisk(ctx, e, store, info, opt, m)
		result = restored
		return err
	})
	return result, err
}

// diskChange describes a change of a disk: the operation, and the state of the disk after it.
type diskChange struct {
	op         problem.Operation
	resultCode problem.StateCode
}

// changeDisk changes the disk of a VM. Depending on the options, it stops the VM first and
// starts it afterwards, even if the change fails or is canceled.
func (s *Service) changeDisk(ctx context.Context, e vm.Entry, opt RestoreOptions, m job.Meter, c diskChange, change func() error) error {
	var err error
	if opt.Stop {
		err = s.stopForChange(ctx, e, opt, m)
	}
	if err == nil {
		err = change()
	}
	states := []problem.State{{Code: problem.DiskUnchanged}}
	if err == nil || errors.Is(err, snapshot.ErrNotDurable) {
		states[0].Code = c.resultCode
	}
	if opt.Start {
		if startErr := s.startAfterChange(ctx, e.Name, m); startErr != nil {
			states = append(states, problem.State{Code: problem.VMOff, Detail: startErr.Error()})
			if err == nil {
				c.op, err = problem.Operation{Code: problem.OpVMRestart, VM: e.Name}, startErr
			}
		}
	}
	if err == nil {
		return nil
	}
	return &Failure{Operation: c.op, Disk: states, Err: err}
}

// stopForChange stops a VM. It completes the stop even if it is canceled.
func (s *Service) stopForChange(ctx context.Context, e vm.Entry, opt RestoreOptions, m job.Meter) error {
	m.Phase(job.StopVM, 0)
	err := s.stopVM(context.WithoutCancel(ctx), e, StopOptions{Force: opt.Force}, opt.OnStop)
	if err != nil && !errors.Is(err, ErrStopped) {
		return err
	}
	return ctx.Err()
}

// startAfterChange starts a VM, unless it is running. It cannot be canceled, so that the VM
// does not stay off.
func (s *Service) startAfterChange(ctx context.Context, name string, m job.Meter) error {
	m.Phase(job.StartVM, 0)
	// Reload the VM: if it was broken because its disk was missing, it may have a disk now.
	e, err := s.vms.Get(name)
	if err == nil {
		err = s.startVM(context.WithoutCancel(ctx), e, StartOptions{})
	}
	if errors.Is(err, ErrRunning) {
		return nil
	}
	return err
}

func (s *Service) restoreDisk(ctx context.Context, e vm.Entry, store *snapshot.Store, info snapshot.Info, opt RestoreOptions, m job.Meter) (Restored, error) {
	lock, err := s.lockDisks(ctx, e.Name, durable.Activity{Code: string(problem.OpSnapshotRestore), Name: info.Name})
	if err != nil {
		return Restored{}, err
	}
	defer lock.release()
	dir := s.vms.Dir(e.Name)
	previous := readOrigin(dir)
	list, _, err := store.List(lock)
	if err != nil {
		return Restored{}, err
	}
	var saved string
	if opt.SaveUndo != "" && previous.undoAtRisk(store, list) {
		if saved, err = s.saveUndo(lock, e, store, previous, opt.SaveUndo, m); err != nil {
			return Restored{}, err
		}
	}
	_, _, _, noUndo := store.UndoInfo()
	keepUndo := noUndo == nil && previous.isRestored(store, list)
	restored, err := restoreStore(lock, store, info.Name, dir.Disk(), keepUndo, opt.Lazy || opt.Start, m)
	if err == nil || errors.Is(err, snapshot.ErrNotDurable) {
		now := origin{Disk: snapshotRef{info.ID, info.Name}, Undo: previous.Disk, Restored: snapshotRef{info.ID, info.Name}}
		if restored.Undo == "" || keepUndo {
			now.Undo, now.UndoState = previous.Undo, previous.UndoState // the previous undo disk is kept
		}
		if restored.Undo == "" {
			now.Restored = snapshotRef{}
		}
		time.Sleep(timestampResolution) // so that later writes change the state
		now.DiskState = store.DiskState()
		now.write(dir)
	}
	result := Restored{
		Snapshot: snapshotFromInfo(dir, info, true),
		Undo:     restored.Undo, OldSize: restored.OldSize, NewSize: restored.NewSize, CRCOnly: info.Foreign,
		KeptBefore: keepUndo, Saved: saved, Lazy: restored.Lazy,
	}
	if restored.Damage != nil {
		result.Damage = Plain(restored.Damage.Error())
	}
	return result, err
}

// restoreStore restores a disk, which becomes lazy if that is requested and possible.
func restoreStore(ctx context.Context, store *snapshot.Store, name, disk string, keepUndo, lazy bool, m job.Meter) (snapshot.Restored, error) {
	if lazy {
		restored, err := store.RestoreLazily(ctx, name, disk, keepUndo, createOverlay, m)
		if !errors.Is(err, snapshot.ErrCannotBeLazy) {
			return restored, err
		}
	}
	if keepUndo {
		return store.RestoreKeepingUndo(ctx, name, disk, m)
	}
	return store.Restore(ctx, name, disk, m)
}

// saveUndo takes a snapshot of the undo disk. The caller must have locked the VM's disks.
func (s *Service) saveUndo(ctx context.Context, e vm.Entry, store *snapshot.Store, previous origin, name string, m job.Meter) (string, error) {
	undo, err := store.UndoPath()
	if err == nil {
		err = completeDisk(ctx, s.vms.Dir(e.Name), undo, m)
	}
	if err != nil {
		return "", err
	}
	created, err := store.CreateFromUndo(ctx, snapshot.Request{Name: name, Purpose: snapshot.Purpose{Code: PurposeUndo, Value: previous.Restored.Name}, VM: e.Name, Created: s.now()}, m)
	return created.Name, err
}
