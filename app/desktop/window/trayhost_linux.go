package window

import (
	"context"
	"os"

	"github.com/godbus/dbus/v5"
)

// watcherName is the D-Bus name owned by desktops that show tray icons.
const watcherName = "org.kde.StatusNotifierWatcher"

// trayHost reports whether the desktop shows tray icons.
func trayHost(ctx context.Context) bool {
	conn, err := sessionBus(ctx)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	return hasWatcher(ctx, conn)
}

// mayHaveTray reports whether there is a session bus, and so possibly a tray now or later.
func mayHaveTray(ctx context.Context) bool {
	conn, err := sessionBus(ctx)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

func hasWatcher(ctx context.Context, conn *dbus.Conn) bool {
	var has bool
	err := conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, watcherName).Store(&has)
	return err == nil && has
}

// sessionBus connects to the session bus without starting one.
func sessionBus(ctx context.Context) (*dbus.Conn, error) {
	address := os.Getenv("DBUS_SESSION_BUS_ADDRESS")
	if address == "" {
		if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
			address = "unix:path=" + dir + "/bus"
		}
	}
	return dbus.Connect(address, dbus.WithContext(ctx))
}
