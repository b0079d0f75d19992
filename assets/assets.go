// Package assets contains the program's icon, the small icons and the theme of the
// window. It must not depend on VMs or snapshots.
package assets

import (
	_ "embed" // the icons are embedded

	"fyne.io/fyne/v2"
)

//go:embed icon.png
var iconPNG []byte

//go:embed tray.png
var trayPNG []byte

// Icon returns the program's icon, 512 by 512 pixels.
func Icon() fyne.Resource { return fyne.NewStaticResource("vmterminal.png", iconPNG) }

// TrayIcon returns the icon for the system tray, 64 by 64 pixels. It is a bitmap because
// trays on Linux do not support SVG.
func TrayIcon() fyne.Resource { return fyne.NewStaticResource("vmterminal-tray.png", trayPNG) }
