package app

import "vmterminal/vm"

// DefaultVM is what CreateVM makes of zero values, for a form to show.
func DefaultVM(name string) NewVM {
	v := vm.Defaults(name)
	return NewVM{Name: v.Name, CPUs: v.CPUs, MemoryMB: v.MemoryMB, DiskSizeMB: v.DiskSizeMB, Accel: v.Accel}
}

// Limits of what a VM can be given.
const (
	MaxCPUs       = vm.MaxCPUs
	MinMemoryMB   = vm.MinMemoryMB
	MaxMemoryMB   = vm.MaxMemoryMB
	MinDiskSizeMB = vm.MinDiskSizeMB
	MaxDiskSizeMB = vm.MaxDiskSizeMB
)
