package assets

import (
	_ "embed" // the icons are embedded

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// The icons for a VM's state differ in shape, so that they can be distinguished without
// color.
var (
	//go:embed icons/running.svg
	runningSVG []byte
	//go:embed icons/stopped.svg
	stoppedSVG []byte
	//go:embed icons/changing.svg
	changingSVG []byte
	//go:embed icons/paused.svg
	pausedSVG []byte
	//go:embed icons/silent.svg
	silentSVG []byte
	//go:embed icons/broken.svg
	brokenSVG []byte
	//go:embed icons/restore.svg
	restoreSVG []byte
	//go:embed icons/history.svg
	historySVG []byte
)

// These icons take their colors from the theme.
var (
	RunningIcon  = newThemedIcon("running.svg", runningSVG, theme.ColorNameSuccess)
	StoppedIcon  = newThemedIcon("stopped.svg", stoppedSVG, theme.ColorNamePlaceHolder)
	ChangingIcon = newThemedIcon("changing.svg", changingSVG, theme.ColorNameWarning)
	PausedIcon   = newThemedIcon("paused.svg", pausedSVG, theme.ColorNameWarning)
	SilentIcon   = newThemedIcon("silent.svg", silentSVG, theme.ColorNameWarning)
	BrokenIcon   = newThemedIcon("broken.svg", brokenSVG, theme.ColorNameError)
	RestoreIcon  = newThemedIcon("restore.svg", restoreSVG, theme.ColorNameForeground)
	HistoryIcon  = newThemedIcon("history.svg", historySVG, theme.ColorNameForeground)
)

func newThemedIcon(name string, svg []byte, as fyne.ThemeColorName) fyne.Resource {
	return theme.NewColoredResource(fyne.NewStaticResource(name, svg), as)
}
