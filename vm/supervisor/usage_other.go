//go:build !linux

package supervisor

import "vmterminal/vm/supervisor/client"

// processUsage returns the zero value, because it is not implemented on this system.
func processUsage(int) client.Usage { return client.Usage{} }
