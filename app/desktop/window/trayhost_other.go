//go:build !linux

package window

import "context"

// trayHost reports whether the desktop shows tray icons: systems other than Linux always do.
func trayHost(context.Context) bool { return true }

// mayHaveTray always returns true, like trayHost.
func mayHaveTray(context.Context) bool { return true }
