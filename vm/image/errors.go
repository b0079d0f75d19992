package image

import (
	"errors"
	"fmt"
)

// Errors that callers tell apart.
var (
	// ErrNotImage says that a file is no disk image that can be used.
	ErrNotImage = errors.New("not a usable disk image")
	// ErrDamaged says that a packed file, or a qcow2 one, is not whole.
	ErrDamaged = errors.New("the image is damaged")
	// ErrTooLarge says that the image's disk is larger than what was asked for.
	ErrTooLarge = errors.New("the image's disk is larger")
	// ErrNoTool says that qemu-img is not installed.
	ErrNoTool = errors.New("qemu-img is not installed")
)

func notImage(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNotImage, fmt.Sprintf(format, args...))
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrDamaged, fmt.Errorf(format, args...))
}
