//go:build !linux

package qcow2

import (
	"errors"
	"os"
)

// punchHole returns errors.ErrUnsupported.
func punchHole(_ *os.File, _, _ int64) error { return errors.ErrUnsupported }
