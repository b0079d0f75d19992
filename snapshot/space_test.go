package snapshot

import (
	"errors"
	"math"
	"testing"
)

func TestBudget(t *testing.T) {
	dir := t.TempDir()
	const needed = math.MaxInt64 / 2 // more than may become free meanwhile
	var full *NoSpace
	if _, err := newBudget(dir, needed); !errors.As(err, &full) || !errors.Is(err, ErrNoSpace) || full.Needed != needed || full.Free == 0 {
		t.Errorf("newBudget: got error %v, want error %v", err, ErrNoSpace)
	}
	for _, c := range []struct {
		full NoSpace
		text string
	}{
		{NoSpace{Needed: 3 * mib, Free: mib}, "not enough free space in d: about 3.00 MB needed, 1.00 MB free"},
		{NoSpace{Free: mib}, "not enough free space in d: an unknown amount needed, 1.00 MB free"},
		{NoSpace{Free: 2 * mib, Kept: 3 * mib}, "not enough free space in d: an unknown amount needed, 2.00 MB free, of which 3.00 MB are reserved for running VMs"},
	} {
		if c.full.Dir = "d"; c.full.Error() != c.text {
			t.Errorf("got %q, want %q", c.full.Error(), c.text)
		}
	}
	b := &budget{dir: dir, reserve: math.MaxInt64}
	if err := b.spend(spaceCheckInterval - 1); err != nil {
		t.Errorf("first bytes: got error %v, want no error", err)
	}
	if err := b.spend(1); !errors.Is(err, ErrNoSpace) {
		t.Errorf("below the reserve: got error %v, want ErrNoSpace", err)
	}
}
