package app

import (
	"context"

	"vmterminal/vm"
)

// DefaultVM is what CreateVM makes of zero values, for a form to show.
func (s *Service) DefaultVM(_ context.Context, name string) (NewVM, error) {
	v, err := s.defaultVM(name)
	if err != nil {
		return NewVM{}, failed(err, "", "read the defaults for new VMs")
	}
	return NewVM{Name: v.Name, CPUs: v.CPUs, MemoryMB: v.MemoryMB, DiskSizeMB: v.DiskSizeMB, Accel: v.Accel}, nil
}

// defaultVM is a new VM as config.yaml has it.
func (s *Service) defaultVM(name string) (vm.VM, error) {
	file, err := readConfig(s.opt.Home.Config())
	if err != nil {
		return vm.VM{}, err
	}
	v := file.values.asked()
	v.Name = name
	return v, nil
}

// Limits of what a VM can be given.
const (
	MaxCPUs       = vm.MaxCPUs
	MinMemoryMB   = vm.MinMemoryMB
	MaxMemoryMB   = vm.MaxMemoryMB
	MinDiskSizeMB = vm.MinDiskSizeMB
	MaxDiskSizeMB = vm.MaxDiskSizeMB
)
