// Package assets holds what the window is drawn with: the program's icon, one
// family of small icons and the theme. It knows nothing of VMs or snapshots.
package assets

import (
	_ "embed" // the icons are embedded

	"fyne.io/fyne/v2"
)

//go:embed icon.png
var iconPNG []byte

//go:embed tray.png
var trayPNG []byte

// Icon is the program's icon, 512 pixels square.
func Icon() fyne.Resource { return fyne.NewStaticResource("vmterminal.png", iconPNG) }

// TrayIcon is the icon for the system tray, 64 pixels square: trays on Linux
// take bitmaps only.
func TrayIcon() fyne.Resource { return fyne.NewStaticResource("vmterminal-tray.png", trayPNG) }
