//go:build !nogui && !linux

package desktop

import "context"

// trayHost tells that the desktop shows tray icons: elsewhere it always does.
func trayHost(context.Context) bool { return true }

// mayHaveTray tells the same.
func mayHaveTray(context.Context) bool { return true }
