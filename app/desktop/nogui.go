//go:build nogui

package desktop

import (
	"errors"

	"vmterminal/app"
)

// Built reports whether this build has the window.
const Built = false

// Run returns an error: this build has no window.
func Run(*app.Service, string) error {
	return errors.New("this build has no window")
}
