package app

import (
	"context"

	"vmterminal/app/config"
	"vmterminal/app/problem"
	"vmterminal/vm"
)

// DefaultVM returns the values that CreateVM uses in place of zero values, for display in a
// form.
func (s *Service) DefaultVM(_ context.Context, name string) (NewVM, error) {
	v, err := s.defaultVM(name)
	if err != nil {
		return NewVM{}, wrapFailure(err, problem.Operation{Code: problem.OpConfigRead})
	}
	return NewVM{Name: v.Name, CPUs: v.CPUs, MemoryMB: v.MemoryMB, DiskSizeMB: v.DiskSizeMB, Accel: v.Accel}, nil
}

// defaultVM returns a new VM with the defaults from config.yaml.
func (s *Service) defaultVM(name string) (vm.VM, error) {
	file, err := config.Read(s.opt.Home.Config())
	if err != nil {
		return vm.VM{}, err
	}
	return file.NewVM(name), nil
}

// Limits of the settings of a VM.
const (
	MaxCPUs       = vm.MaxCPUs
	MinMemoryMB   = vm.MinMemoryMB
	MaxMemoryMB   = vm.MaxMemoryMB
	MinDiskSizeMB = vm.MinDiskSizeMB
	MaxDiskSizeMB = vm.MaxDiskSizeMB
)
