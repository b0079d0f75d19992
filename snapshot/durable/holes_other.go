//go:build !linux

package durable

import (
	"errors"
	"os"
)

// PunchHole returns errors.ErrUnsupported.
func PunchHole(_ *os.File, _, _ int64) error { return errors.ErrUnsupported }
