package app

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
)

// dying is a context that ends when it has been looked at so often, by
// whatever goroutines.
type dying struct {
	context.Context
	cancel context.CancelFunc
	left   atomic.Int64
}

func (d *dying) Err() error {
	if d.left.Add(-1) == 0 {
		d.cancel()
	}
	return d.Context.Err()
}

// TestCancelledPruneSaysWhatItDid never says that nothing was changed when
// something was.
func TestCancelledPruneSaysWhatItDid(t *testing.T) {
	partly := false
	for n := int64(1); !partly && n < 100; n++ {
		s := withDisk(t, []byte("disk"))
		for _, name := range []string{"a", "b", "c", "d"} {
			taken(t, s, name)
		}
		ctx := &dying{}
		ctx.left.Store(n)
		ctx.Context, ctx.cancel = context.WithCancel(t.Context())
		p, err := s.PruneSnapshots(ctx, "dev", Keep{Last: 1}, false)
		ctx.cancel()
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) || Explain(err).Exit != ExitInterrupted {
			t.Errorf("at look %d: %v", n, err)
		}
		line := Explain(err).Line()
		partly = len(p.Deleted) > 0
		if partly == strings.Contains(line, "Nothing was changed") || partly == strings.Contains(line, "nothing is left of it") ||
			partly != strings.Contains(line, "snapshots were deleted: ") {
			t.Errorf("%d deleted, and it says %q", len(p.Deleted), line)
		}
	}
	if !partly {
		t.Error("it was never cut off in the middle")
	}
}
