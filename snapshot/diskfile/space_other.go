//go:build !linux && !darwin

package diskfile

import (
	"errors"
	"math"
	"syscall"
)

// Space is not known here: there seems to be room for everything.
func Space(string) (free, total int64, err error) { return math.MaxInt64, math.MaxInt64, nil }

// IsNoSpace tells whether an error is of a full file system.
func IsNoSpace(err error) bool { return errors.Is(err, syscall.ENOSPC) }
