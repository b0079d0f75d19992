package app

import (
	"context"
	"errors"
	"os"

	"vmterminal/vm"
)

// CreateVM makes a VM with a fresh disk of the built-in guest, or takes over
// what a VM deleted without its data left. The first VM becomes the active one.
func (s *Service) CreateVM(ctx context.Context, n NewVM) (VM, error) {
	v, err := s.asked(n)
	if err == nil {
		err = s.create(ctx, v, n.Adopt)
	}
	if err != nil {
		return VM{}, failed(err, "Nothing was created.", "create VM '%s'", Plain(n.Name))
	}
	return s.VM(ctx, v.Name)
}

// asked is the VM that is asked for: the defaults, where n leaves them open.
func (s *Service) asked(n NewVM) (vm.VM, error) {
	v, err := s.defaultVM(n.Name)
	v.CPUs = orDefault(n.CPUs, v.CPUs)
	v.MemoryMB = orDefault(n.MemoryMB, v.MemoryMB)
	v.DiskSizeMB = orDefault(n.DiskSizeMB, v.DiskSizeMB)
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

// SystemMemoryMB is what a VM of a whole system gets at least, unless it is asked
// for otherwise: the usual memory is the built-in guest's.
const SystemMemoryMB = 1024

// askedSystem is asked for a VM of a whole system.
func (s *Service) askedSystem(n NewVM) (vm.VM, error) {
	v, err := s.asked(n)
	if n.MemoryMB == 0 {
		v.MemoryMB = max(v.MemoryMB, SystemMemoryMB)
	}
	return v, err
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
		v.Boot = vm.BootIn(s.vms.Dir(v.Name))
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
func (s *Service) DeleteVM(ctx context.Context, name string, data bool) error {
	err := s.deleteVM(ctx, name, data)
	disk := "Nothing was deleted."
	if errors.Is(err, vm.ErrRemains) {
		disk = "It is no longer in the list; what is left goes when the next VM is created."
	}
	return failed(err, disk, "delete VM '%s'", Plain(name))
}

func (s *Service) deleteVM(ctx context.Context, name string, data bool) error {
	e, err := s.vms.Get(name)
	if err != nil {
		return err
	}
	hold, err := s.holdStopped(ctx, e.Name, "deleting the VM")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	defer hold.release()
	return s.vms.Delete(e.Name, data)
}

// RenameVM gives a stopped VM another name; its snapshots stay with it.
func (s *Service) RenameVM(ctx context.Context, name, to string) (VM, error) {
	e, err := s.entry(name)
	if err != nil {
		return VM{}, failed(err, "", "rename %s", called(name))
	}
	doing := phrase("rename VM '%s' to '%s'", e.Name, Plain(to))
	hold, err := s.holdStopped(ctx, e.Name, "renaming the VM")
	if err == nil {
		err = s.vms.Rename(e.Name, to)
		hold.release()
	}
	if err != nil {
		return VM{}, failed(err, "Nothing was changed.", "%s", doing)
	}
	return s.VM(ctx, to)
}
