package image

import (
	"errors"
	"fmt"
)

// Errors that callers distinguish.
var (
	// ErrNotImage means that a file is not a usable disk image.
	ErrNotImage = errors.New("not a usable disk image")
	// ErrDamaged means that a compressed file or a file in a disk format is corrupt or cut
	// off.
	ErrDamaged = errors.New("the image is damaged")
	// ErrCutShort means that a disk is smaller than its partition table requires.
	// Options.Force accepts such a disk.
	ErrCutShort = errors.New("the image is cut short")
	// ErrTooLarge means that the image's disk is larger than the requested size.
	ErrTooLarge = errors.New("the image's disk is larger")
	// ErrNoTool means that qemu-img is not installed.
	ErrNoTool = errors.New("qemu-img is not installed")
)

func notImageError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNotImage, fmt.Sprintf(format, args...))
}

func damagedError(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrDamaged, fmt.Errorf(format, args...))
}
