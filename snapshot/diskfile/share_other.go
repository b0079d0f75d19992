//go:build !linux

package diskfile

import (
	"errors"
	"os"
)

// Share makes n bytes of dst at off the same blocks as those of src at from:
// not on this system, which only clones whole files.
func Share(_ *os.File, _ int64, _ *os.File, _, _ int64) error { return errors.ErrUnsupported }
