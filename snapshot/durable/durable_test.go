package durable

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
)

func TestNotDurable(t *testing.T) {
	err := fmt.Errorf("writing rows: %w", MarkNotDurable(syscall.EIO))
	if !errors.Is(err, ErrNotDurable) || !errors.Is(err, syscall.EIO) || err.Error() != "writing rows: "+syscall.EIO.Error() {
		t.Errorf("MarkNotDurable: got %v, want ErrNotDurable and EIO", err)
	}
	if err := UnmarkNotDurable(err); errors.Is(err, ErrNotDurable) || !errors.Is(err, syscall.EIO) {
		t.Errorf("UnmarkNotDurable: got %v, want only EIO", err)
	}
	if err := UnmarkNotDurable(syscall.EIO); !errors.Is(err, syscall.EIO) {
		t.Errorf("UnmarkNotDurable of EIO: got %v, want EIO", err)
	}
	if MarkNotDurable(nil) != nil || UnmarkNotDurable(nil) != nil {
		t.Error("MarkNotDurable or UnmarkNotDurable of nil: got an error, want nil")
	}
}
