package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
	"vmterminal/vm/host"
	"vmterminal/vm/qemu"
)

// hold is the locks that a job has on a VM. Its context ends with that which it
// was taken with, and when anyone asks for the job's end; see CancelJob.
type hold struct {
	context.Context
	locks locks
	end   func()
}

// release does nothing on nil.
func (h *hold) release() {
	if h == nil {
		return
	}
	h.end()
	h.locks.release()
}

// locks are in the order in which they were taken.
type locks []io.Closer

// release gives up what was taken last first.
func (l locks) release() {
	for _, one := range slices.Backward(l) {
		one.Close()
	}
}

// holdJob takes the job lock of a VM, so that one job at a time works on it, and
// sweeps what one that was killed has left.
func (s *Service) holdJob(ctx context.Context, name, doing string) (*hold, error) {
	dir := s.vms.Dir(name)
	l, err := s.lock(ctx, dir.JobLock(), doing)
	if err != nil {
		return nil, notHeld(name, err)
	}
	if err := errors.Join(snapshot.Open(dir).Sweep(), ondisk.SweepTempsOf(dir.Origin()), ondisk.ForgetAsks(dir.JobCancel())); err != nil {
		l.Close()
		return nil, err
	}
	ctx, end := ondisk.Obeying(ctx, dir.JobCancel())
	return &hold{ctx, locks{l}, end}, nil
}

// holdStopped takes the job lock and the VM's own: it cannot be started
// meanwhile. ErrRunning when it runs.
func (s *Service) holdStopped(ctx context.Context, name, doing string) (*hold, error) {
	h, err := s.holdJob(ctx, name, doing)
	if err != nil {
		return nil, err
	}
	disk, err := s.holdDisk(ctx, name, doing)
	if err != nil {
		h.release()
		return nil, err
	}
	h.locks = append(h.locks, disk...)
	return h, nil
}

// holdDisks is holdStopped for what changes or removes the disk that is kept for
// undo, too.
func (s *Service) holdDisks(ctx context.Context, name, doing string) (*hold, error) {
	h, err := s.holdStopped(ctx, name, doing)
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

// holdDisk takes the VM's lock, keeps others' QEMUs from its disk, and sweeps what
// one that died without its host process has left; ErrRunning when it runs.
func (s *Service) holdDisk(ctx context.Context, name, doing string) (locks, error) {
	dir := s.vms.Dir(name)
	l, err := s.lock(ctx, dir.Lock(), doing)
	if err == nil {
		claim, err := qemu.ClaimDisk(dir.Disk())
		if err != nil {
			l.Close()
			return nil, err
		}
		if err := snapshot.Open(dir).SettleFirmware(); err != nil {
			locks{l, claim}.release()
			return nil, err
		}
		_ = os.Remove(dir.Fleece()) // may be large; a failure only leaves it there
		return locks{l, claim}, nil
	}
	if isRunning(err) {
		return nil, ErrRunning
	}
	return nil, notHeld(name, err)
}

// isRunning tells whether it is a running VM that has the lock.
func isRunning(err error) bool {
	var busy *ondisk.Busy
	return errors.As(err, &busy) && busy.Holder.Doing == host.Doing
}

// lock takes a lock that another job may have; whoever was told to waits until
// that has ended. A running VM is not waited for.
func (s *Service) lock(ctx context.Context, path, doing string) (*ondisk.Lock, error) {
	return ondisk.AwaitLock(ctx, path, doing, func(busy error, first bool) bool {
		if s.patient == nil || isRunning(busy) {
			return false
		}
		if first {
			s.patient("Waiting: " + busy.Error())
		}
		return true
	})
}

// WaitForJobs makes what finds a VM busy with another job wait for that one's
// end, or its own context's. say gets a line about what is waited for. To be
// called before the Service is used.
func (s *Service) WaitForJobs(say func(string)) { s.patient = say }

// notHeld tells of a lock that was not to be had: only another's is a busy VM.
func notHeld(name string, err error) error {
	if errors.Is(err, ondisk.ErrLocked) {
		return fmt.Errorf("VM '%s' is busy: %w", name, err)
	}
	return err
}

// canHoldDisk tells, as an error, why the VM's lock is not to be had now.
func (s *Service) canHoldDisk(ctx context.Context, name, doing string) error {
	disk, err := s.holdDisk(ctx, name, doing)
	disk.release()
	return err
}
