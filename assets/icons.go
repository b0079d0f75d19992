package assets

import (
	_ "embed" // the icons are embedded

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// The marks of a VM's state differ in shape, so that they can be told apart
// without colour.
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

// The icons, recoloured by the theme.
var (
	RunningIcon  = coloured("running.svg", runningSVG, theme.ColorNameSuccess)
	StoppedIcon  = coloured("stopped.svg", stoppedSVG, theme.ColorNamePlaceHolder)
	ChangingIcon = coloured("changing.svg", changingSVG, theme.ColorNameWarning)
	PausedIcon   = coloured("paused.svg", pausedSVG, theme.ColorNameWarning)
	SilentIcon   = coloured("silent.svg", silentSVG, theme.ColorNameWarning)
	BrokenIcon   = coloured("broken.svg", brokenSVG, theme.ColorNameError)
	RestoreIcon  = coloured("restore.svg", restoreSVG, theme.ColorNameForeground)
	HistoryIcon  = coloured("history.svg", historySVG, theme.ColorNameForeground)
)

func coloured(name string, svg []byte, as fyne.ThemeColorName) fyne.Resource {
	return theme.NewColoredResource(fyne.NewStaticResource(name, svg), as)
}
