package snapshot

import (
	"errors"
	"math"
	"testing"

	"vmterminal/snapshot/diskfile"
)

func TestBudget(t *testing.T) {
	dir := t.TempDir()
	free, _, err := diskfile.Space(dir)
	if err != nil {
		t.Fatal(err)
	}
	var full *NoSpace
	if _, err := newBudget(dir, 2*free); !errors.As(err, &full) || !errors.Is(err, ErrNoSpace) || full.Needed < 2*free || full.Free == 0 {
		t.Errorf("%v", err)
	}
	b := &budget{dir: dir, reserve: math.MaxInt64}
	if err := b.take(lookEvery - 1); err != nil {
		t.Errorf("looked too early: %v", err)
	}
	if err := b.take(1); !errors.Is(err, ErrNoSpace) {
		t.Errorf("went below the reserve: %v", err)
	}
}
