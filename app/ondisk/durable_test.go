package ondisk

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
)

func TestNotDurable(t *testing.T) {
	err := fmt.Errorf("writing rows: %w", Done(syscall.EIO))
	if !errors.Is(err, ErrNotDurable) || !errors.Is(err, syscall.EIO) || err.Error() != "writing rows: "+syscall.EIO.Error() {
		t.Errorf("%v", err)
	}
	if err := NotDone(err); errors.Is(err, ErrNotDurable) || !errors.Is(err, syscall.EIO) {
		t.Errorf("%v", err)
	}
	if err := NotDone(syscall.EIO); !errors.Is(err, syscall.EIO) {
		t.Errorf("%v", err)
	}
	if Done(nil) != nil || NotDone(nil) != nil {
		t.Error("nil does not stay nil")
	}
}
