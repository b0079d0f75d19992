package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
	"vmterminal/vm"
	"vmterminal/vm/host"
)

// CreateVM makes a VM with a fresh disk of the built-in guest, or takes over
// what a VM deleted without its data left. The first VM becomes the active one.
func (s *Service) CreateVM(ctx context.Context, n NewVM) (VM, error) {
	v := vm.Defaults(n.Name)
	v.CPUs = orDefault(n.CPUs, v.CPUs)
	v.MemoryMB = orDefault(n.MemoryMB, v.MemoryMB)
	v.DiskSizeMB = orDefault(n.DiskSizeMB, v.DiskSizeMB)
	if n.Accel != "" {
		v.Accel = n.Accel
	}
	if err := s.create(ctx, v, n.Adopt); err != nil {
		return VM{}, failed(err, "Nothing was created.", "create VM '%s'", Plain(n.Name))
	}
	return s.VM(ctx, v.Name)
}

func orDefault(n, def int) int {
	if n == 0 {
		return def
	}
	return n
}

func (s *Service) create(ctx context.Context, v vm.VM, adopt bool) error {
	if adopt {
		if size, _ := sizes(s.vms.Dir(v.Name).Disk()); size > 0 {
			v.DiskSizeMB = vm.DiskSizeMB(size)
		}
		return s.vms.Adopt(v)
	}
	return s.vms.Create(v, vm.Fill(func(f *os.File) error {
		return s.opt.Guest.WriteDisk(ctx, f, int64(v.DiskSizeMB)<<20)
	}))
}

// UseVM makes a VM the active one.
func (s *Service) UseVM(_ context.Context, name string) error {
	return failed(s.vms.Use(name), "", "use VM '%s'", Plain(name))
}

// DeleteVM takes a stopped VM from the list; with data also its disk and all
// its snapshots go, for good. Without, CreateVM with Adopt brings it back.
func (s *Service) DeleteVM(_ context.Context, name string, data bool) error {
	err := s.deleteVM(name, data)
	disk := "Nothing was deleted."
	if errors.Is(err, vm.ErrRemains) {
		disk = "It is no longer in the list; what is left goes when the next VM is created."
	}
	return failed(err, disk, "delete VM '%s'", Plain(name))
}

func (s *Service) deleteVM(name string, data bool) error {
	e, err := s.vms.Get(name)
	if err != nil {
		return err
	}
	hold, err := s.holdStopped(e.Name, "deleting the VM")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	defer hold.release()
	return s.vms.Delete(e.Name, data)
}

// hold is the locks that a job has on a VM.
type hold struct{ locks []*ondisk.Lock }

func (h *hold) release() {
	if h == nil {
		return
	}
	for _, l := range h.locks {
		l.Close()
	}
}

// holdJob takes the job lock of a VM, so that one job at a time works on it, and
// sweeps what one that was killed has left.
func (s *Service) holdJob(name, doing string) (*hold, error) {
	dir := s.vms.Dir(name)
	l, err := ondisk.TryLock(dir.JobLock(), doing)
	if err != nil {
		return nil, notHeld(name, err)
	}
	if err := errors.Join(snapshot.Open(dir).Sweep(), ondisk.SweepTempsOf(dir.Origin())); err != nil {
		l.Close()
		return nil, err
	}
	return &hold{[]*ondisk.Lock{l}}, nil
}

// holdStopped takes the job lock and the VM's own: it cannot be started
// meanwhile. ErrRunning when it runs.
func (s *Service) holdStopped(name, doing string) (*hold, error) {
	h, err := s.holdJob(name, doing)
	if err != nil {
		return nil, err
	}
	l, err := s.holdDisk(name, doing)
	if err != nil {
		h.release()
		return nil, err
	}
	h.locks = append(h.locks, l)
	return h, nil
}

// holdDisk takes the VM's lock, and sweeps what a QEMU that died without its host
// process has left; ErrRunning when it runs.
func (s *Service) holdDisk(name, doing string) (*ondisk.Lock, error) {
	dir := s.vms.Dir(name)
	l, err := ondisk.TryLock(dir.Lock(), doing)
	if err == nil {
		_ = os.Remove(dir.Fleece()) // may be large; a failure only leaves it there
		return l, nil
	}
	var busy *ondisk.Busy
	if errors.As(err, &busy) && busy.Holder.Doing == host.Doing {
		return nil, ErrRunning
	}
	return nil, notHeld(name, err)
}

// notHeld tells of a lock that was not to be had: only another's is a busy VM.
func notHeld(name string, err error) error {
	if errors.Is(err, ondisk.ErrLocked) {
		return fmt.Errorf("VM '%s' is busy: %w", name, err)
	}
	return err
}

// canHoldDisk tells, as an error, why the VM's lock is not to be had now.
func (s *Service) canHoldDisk(name, doing string) error {
	l, err := s.holdDisk(name, doing)
	if err == nil {
		l.Close()
	}
	return err
}
