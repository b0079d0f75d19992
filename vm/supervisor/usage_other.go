//go:build !linux

package supervisor

import "vmterminal/vm/supervisor/client"

// usage returns the zero value, because it is not implemented on this system.
func usage(int) client.Usage { return client.Usage{} }
