//go:build !linux && !darwin

package diskfile

import (
	"errors"
	"math"
	"syscall"
)

// Space returns the largest numbers, as the space is unknown on this system.
func Space(string) (free, total int64, err error) { return math.MaxInt64, math.MaxInt64, nil }

// HasFreeInodes returns true, as the number of inodes is unknown on this system.
func HasFreeInodes(string) bool { return true }

// IsNoSpace reports whether an error means that the file system is full.
func IsNoSpace(err error) bool { return errors.Is(err, syscall.ENOSPC) }
