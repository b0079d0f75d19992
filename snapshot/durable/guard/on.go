//go:build !unguarded

package guard

// On reports whether a guard is active. In this build, all guards are.
func On(Guard) bool { return true }
