//go:build !linux

package doctor

import "vmterminal/vm/qemu"

// accelFixes returns nil: no fix is known for this operating system.
func accelFixes(qemu.Reason) []Fix { return nil }
