package host

import "time"

// Usage is what a VM's QEMU takes of the host. The zero value means that it is
// not known.
type Usage struct {
	// CPUTime is how long it has kept processors busy, all taken together.
	CPUTime time.Duration `json:"cpu_time_ns"`
	// Memory is the bytes of the host's memory that it takes now.
	Memory int64 `json:"memory"`
}
