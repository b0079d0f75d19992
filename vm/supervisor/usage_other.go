//go:build !linux

package supervisor

// usage returns the zero value, because it is not implemented on this system.
func usage(int) Usage { return Usage{} }
