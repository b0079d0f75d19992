package app

import "runtime"

// HostSize is what this computer has to give.
type HostSize struct {
	CPUs int
	// MemoryMB is all of its memory, FreeDisk the bytes free where the store is; 0
	// if not known.
	MemoryMB int
	FreeDisk int64
}

// HostSize looks at this computer.
func (s *Service) HostSize() HostSize {
	h := HostSize{CPUs: runtime.NumCPU(), MemoryMB: hostMemoryMB()}
	if free, _, err := s.space(); err == nil {
		h.FreeDisk = free
	}
	return h
}
