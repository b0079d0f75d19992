//go:build nogui

package desktop

import "errors"

// Run returns an error: this build has no window.
func Run(Service, Options) error {
	return errors.New("this build has no window")
}
