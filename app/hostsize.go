package app

import (
	"runtime"

	"vmterminal/app/doctor"
)

// HostSize describes the capacity of the host.
type HostSize struct {
	CPUs int
	// MemoryMB is the total memory. FreeDisk is the free space on the store's file system, in
	// bytes. Each is 0 if unknown.
	MemoryMB int
	FreeDisk int64
}

// HostSize returns the capacity of the host.
func (s *Service) HostSize() HostSize {
	h := HostSize{CPUs: runtime.NumCPU(), MemoryMB: hostMemoryMB()}
	if free, _, err := doctor.Space(s.opt.Home); err == nil {
		h.FreeDisk = free
	}
	return h
}
