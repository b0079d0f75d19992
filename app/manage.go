package app

import (
	"cmp"
	"context"
	"errors"
	"os"
	"sync"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
)

// CreateVM creates a VM with a new disk that contains the built-in guest, or reuses the folder
// of a VM that was deleted without its data. The first VM becomes the active one.
func (s *Service) CreateVM(ctx context.Context, n NewVM) (VM, error) {
	v, err := s.applyDefaults(n)
	if err == nil {
		err = s.createVM(ctx, v, n.Adopt)
	}
	if err != nil {
		return VM{}, wrapFailure(err, problem.Operation{Code: problem.OpVMCreate, VM: n.Name}, problem.NothingCreated)
	}
	return s.startCreated(ctx, v.Name, n, job.NewDiscardMeter())
}

// applyDefaults returns the VM to create. Zero values in n are replaced by the defaults.
func (s *Service) applyDefaults(n NewVM) (vm.VM, error) {
	v, err := s.defaultVM(n.Name)
	v.CPUs = cmp.Or(n.CPUs, v.CPUs)
	v.MemoryMB = cmp.Or(n.MemoryMB, v.MemoryMB)
	v.DiskSizeMB = cmp.Or(n.DiskSizeMB, v.DiskSizeMB)
	if n.Accel != "" {
		v.Accel = n.Accel
	}
	v.Network = vm.Network{Isolated: n.Isolated, Forwards: n.Forwards}
	v.Shares = shareSettings(n.Shares)
	if err == nil {
		err = s.checkShares(v.Shares)
	}
	return v, err
}

// SystemMemoryMB is the minimum default memory of VMs created from images and packages; the
// usual default is meant for the built-in guest.
const SystemMemoryMB = 1024

// applySystemDefaults is like applyDefaults, for VMs created from images or packages.
func (s *Service) applySystemDefaults(n NewVM) (vm.VM, error) {
	v, err := s.applyDefaults(n)
	if n.MemoryMB == 0 {
		v.MemoryMB = max(v.MemoryMB, SystemMemoryMB)
	}
	return v, err
}

func (s *Service) createVM(ctx context.Context, v vm.VM, adopt bool) error {
	if adopt {
		if size, _, _ := describeDisk(s.vms.Dir(v.Name)); size > 0 {
			v.DiskSizeMB = vm.DiskSizeMB(size)
		}
		v.Boot = vm.DetectBoot(s.vms.Dir(v.Name))
		return s.vms.Adopt(v)
	}
	return s.vms.Create(v, vm.FillDisk(func(f *os.File) error {
		return s.opt.Guest.WriteDisk(ctx, f, int64(v.DiskSizeMB)<<20)
	}))
}

// UseVM makes a VM the active one.
func (s *Service) UseVM(_ context.Context, name string) error {
	return wrapFailure(s.vms.SetActive(name), problem.Operation{Code: problem.OpVMUse, VM: name})
}

// DeleteVM removes a stopped VM from the list. If data is set, it also deletes the VM's disk
// and snapshots permanently; otherwise CreateVM with Adopt can restore the VM.
func (s *Service) DeleteVM(ctx context.Context, name string, data bool) error {
	err := s.deleteVM(ctx, name, data)
	disk := problem.NothingDeleted
	switch {
	case errors.Is(err, vm.ErrLinkedFilesRemain):
		disk = problem.VMFilesRemain
	case errors.Is(err, vm.ErrFolderRemains):
		disk = problem.VMFolderRemains
	case errors.Is(err, vm.ErrFilesRemain):
		disk = problem.VMRemainsSwept
	}
	return wrapFailure(err, problem.Operation{Code: problem.OpVMDelete, VM: name}, disk)
}

func (s *Service) deleteVM(ctx context.Context, name string, data bool) error {
	e, err := s.vms.Get(name)
	if err != nil {
		return err
	}
	lock, err := s.lockStoppedVM(ctx, e.Name, durable.Activity{Code: string(problem.OpVMDelete)})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	release := sync.OnceFunc(lock.release)
	defer release()
	return s.vms.Delete(e.Name, data, release)
}

// RenameVM renames a stopped VM. Its snapshots are kept.
func (s *Service) RenameVM(ctx context.Context, name, newName string) (VM, error) {
	e, err := s.entry(name)
	if err != nil {
		return VM{}, wrapFailure(err, problem.Operation{Code: problem.OpVMRename, VM: name})
	}
	op := problem.Operation{Code: problem.OpVMRename, VM: e.Name, Name: newName}
	lock, err := s.lockStoppedVM(ctx, e.Name, durable.Activity{Code: string(problem.OpVMRename)})
	if err == nil {
		err = s.vms.Rename(e.Name, newName)
		lock.release()
	}
	if err != nil {
		return VM{}, wrapFailure(err, op, problem.NothingChanged)
	}
	return s.VM(ctx, newName)
}
