//go:build !nogui && !linux

package desktop

import "context"

// trayHost tells that the desktop shows tray icons: elsewhere it always does.
func trayHost(context.Context) bool { return true }

// watchTrayHost calls there at once.
func watchTrayHost(_ context.Context, there func()) { there() }
