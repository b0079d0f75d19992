//go:build !nogui

package desktop

import (
	"errors"

	"vmterminal/app"
	"vmterminal/app/desktop/window"
)

// Built reports whether this build has the window.
const Built = true

// Run opens the window of a version of the program and returns when the user quits; see
// [window.Run]. It fails without a display (see [HasDisplay]).
func Run(svc *app.Service, version string) error {
	if !HasDisplay() {
		return errors.New("there is no display to open a window on")
	}
	return window.Run(svc, version)
}
