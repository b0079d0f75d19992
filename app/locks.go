package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// vmLock is the set of locks that a job holds on a VM. Its context is canceled with the
// parent context, or when a process requests that the job be canceled; see CancelJobs.
type vmLock struct {
	context.Context
	locks     locks
	stopWatch func()
}

// release stops watching for cancel requests and releases the locks. It does nothing if h is
// nil.
func (h *vmLock) release() {
	if h == nil {
		return
	}
	h.stopWatch()
	h.locks.release()
}

// locks holds locks in the order in which they were acquired.
type locks []io.Closer

// release releases the locks in reverse order.
func (l locks) release() {
	for _, one := range slices.Backward(l) {
		one.Close()
	}
}

// lockJob acquires the job lock of a VM, which allows one job at a time, and cleans up after
// a job that was killed.
func (s *Service) lockJob(ctx context.Context, name string, activity durable.Activity) (*vmLock, error) {
	dir := s.vms.Dir(name)
	l, err := s.acquireLock(ctx, dir.JobLock(), activity)
	if err != nil {
		return nil, wrapBusy(name, err)
	}
	err = snapshot.Open(SnapshotPaths(dir)).Sweep()
	if e := (*snapshot.UndoNotPlaced)(nil); errors.As(err, &e) { // only jobs that need the undo disk fail
		s.sendNote(problem.Note{Code: problem.NoteUndoNotPlaced, Path: e.Disk, Target: e.Undo, Detail: e.Err.Error()})
		err = nil
	}
	if err := errors.Join(err, durable.SweepTempsOf(dir.Origin()), durable.ClearRequest(dir.JobCancel()), durable.ClearRequest(dir.JobHandOver())); err != nil {
		l.Close()
		return nil, err
	}
	ctx, end := durable.WatchCancel(ctx, dir.JobCancel())
	return &vmLock{ctx, locks{l}, end}, nil
}

// lockCopy waits for and acquires the lock for copies into and out of a VM's guest.
func (s *Service) lockCopy(ctx context.Context, name string, activity durable.Activity, m job.Meter) (*vmLock, error) {
	dir := s.vms.Dir(name)
	l, err := durable.AwaitLock(ctx, dir.CopyLock(), activity, func(_ error, first bool) bool {
		if first {
			m.Phase(job.AwaitCopy, 0)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	if err := durable.ClearRequest(dir.CopyCancel()); err != nil {
		l.Close()
		return nil, err
	}
	ctx, end := durable.WatchCancel(ctx, dir.CopyCancel())
	return &vmLock{ctx, locks{l}, end}, nil
}

// lockStoppedVM acquires the job lock and the VM's lock, so that the VM cannot be started.
// It fails with ErrRunning if the VM is running.
func (s *Service) lockStoppedVM(ctx context.Context, name string, activity durable.Activity) (*vmLock, error) {
	h, err := s.lockJob(ctx, name, activity)
	if err != nil {
		return nil, err
	}
	disk, err := s.lockDisk(ctx, name, activity)
	if err != nil {
		h.release()
		return nil, err
	}
	h.locks = append(h.locks, disk...)
	return h, nil
}

// lockDisks acquires the locks of lockStoppedVM and claims the undo disk, for jobs that change
// or remove it.
func (s *Service) lockDisks(ctx context.Context, name string, activity durable.Activity) (*vmLock, error) {
	h, err := s.lockStoppedVM(ctx, name, activity)
	if err != nil {
		return nil, err
	}
	claim, err := qemu.ClaimDisk(s.vms.Dir(name).Undo())
	if err != nil {
		h.release()
		return nil, err
	}
	h.locks = append(h.locks, claim)
	return h, nil
}

// lockDisk acquires the VM's lock, prevents other QEMUs from opening its disk, and cleans up
// after a VM whose supervisor died. It fails with ErrRunning if the VM is running.
func (s *Service) lockDisk(ctx context.Context, name string, activity durable.Activity) (locks, error) {
	dir := s.vms.Dir(name)
	l, err := s.acquireLock(ctx, dir.Lock(), activity)
	if err == nil {
		claim, err := qemu.ClaimDisk(dir.Disk())
		if err != nil {
			l.Close()
			return nil, err
		}
		if err := snapshot.Open(SnapshotPaths(dir)).SettleFirmware(); err != nil {
			locks{l, claim}.release()
			return nil, err
		}
		_ = snapshot.Open(SnapshotPaths(dir)).SweepLazy() // if this fails, a later job tries again
		_ = os.Remove(dir.Fleece())                       // may be large; if this fails, a later job removes it
		return locks{l, claim}, nil
	}
	if isRunning(err) {
		return nil, ErrRunning
	}
	return nil, wrapBusy(name, err)
}

// isRunning reports whether err means that the lock is held by a running VM.
func isRunning(err error) bool {
	var busy *durable.Busy
	return errors.As(err, &busy) && client.IsRunningVM(busy.Holder)
}

// acquireLock acquires a lock. If another job holds it, lock waits if s was returned by WaitForJobs,
// and fails otherwise. It never waits for a running VM.
func (s *Service) acquireLock(ctx context.Context, path string, activity durable.Activity) (*durable.Lock, error) {
	start, waits := time.Now(), false
	l, err := durable.AwaitLock(ctx, path, activity, func(busy error, first bool) bool {
		if s.onWait == nil || isRunning(busy) {
			return false
		}
		waits = true
		if first {
			var by *durable.Busy
			errors.As(busy, &by)
			s.onWait(by.Holder)
		}
		return true
	})
	if waits {
		s.opt.Log.Debug("waited for a lock", "lock", path, "duration", time.Since(start), "acquired", err == nil)
	}
	return l, err
}

// wrapBusy adds the name of the VM to an error if the error means that the VM is busy.
func wrapBusy(name string, err error) error {
	if errors.Is(err, durable.ErrLocked) {
		return fmt.Errorf("VM '%s' is busy: %w", name, err)
	}
	return err
}

// checkDiskLockable returns an error if the VM's disk cannot be locked now.
func (s *Service) checkDiskLockable(ctx context.Context, name string, activity durable.Activity) error {
	disk, err := s.lockDisk(ctx, name, activity)
	disk.release()
	return err
}
