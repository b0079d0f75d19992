//go:build !linux

package diskfile

import (
	"errors"
	"os"
)

// Share returns errors.ErrUnsupported, as this system can only clone whole files.
func Share(_ *os.File, _ int64, _ *os.File, _, _ int64) error { return errors.ErrUnsupported }
