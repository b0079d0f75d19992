package supervisor

import "time"

// Usage is the resource usage of a VM's QEMU. The zero value means that it is unknown.
type Usage struct {
	// CPUTime is the CPU time used on all CPUs.
	CPUTime time.Duration `json:"cpu_time_ns"`
	// Memory is the resident memory in bytes.
	Memory int64 `json:"memory"`
}
