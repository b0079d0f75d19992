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
	if _, err := newBudget(dir, 2*free); !errors.As(err, &full) || !errors.Is(err, ErrNoSpace) || full.Needed != 2*free || full.Free == 0 {
		t.Errorf("%v", err)
	}
	for _, c := range []struct {
		full NoSpace
		text string
	}{
		{NoSpace{Needed: 3 * mib, Free: mib}, "not enough free space in d: about 3.00 MB needed, 1.00 MB free"},
		{NoSpace{Free: mib}, "not enough free space in d: how much is needed is not known, 1.00 MB free"},
		{NoSpace{Free: 2 * mib, Kept: 3 * mib}, "not enough free space in d: how much is needed is not known, 2.00 MB free, while 3.00 MB are kept free for running VMs to write to"},
	} {
		if c.full.Dir = "d"; c.full.Error() != c.text {
			t.Errorf("%q, not %q", c.full.Error(), c.text)
		}
	}
	b := &budget{dir: dir, reserve: math.MaxInt64}
	if err := b.take(lookEvery - 1); err != nil {
		t.Errorf("looked too early: %v", err)
	}
	if err := b.take(1); !errors.Is(err, ErrNoSpace) {
		t.Errorf("went below the reserve: %v", err)
	}
}
