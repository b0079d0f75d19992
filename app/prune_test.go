package app

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"vmterminal/app/problem"
)

// cancelingContext is a context that cancels itself at a given call of Err.
type cancelingContext struct {
	context.Context
	cancel context.CancelFunc
	left   atomic.Int64 // number of calls of Err until then
}

func (d *cancelingContext) Err() error {
	if d.left.Add(-1) == 0 {
		d.cancel()
	}
	return d.Context.Err()
}

// If pruning fails after some deletions, the error does not state that nothing was changed.
func TestCanceledPruneReportsDeletions(t *testing.T) {
	partly := false
	for n := int64(1); !partly && n < 100; n++ {
		s := serviceWithDisk(t, []byte("disk"))
		for _, name := range []string{"a", "b", "c", "d"} {
			takeSnapshot(t, s, name)
		}
		ctx := &cancelingContext{}
		ctx.left.Store(n)
		ctx.Context, ctx.cancel = context.WithCancel(t.Context())
		p, err := s.PruneSnapshots(ctx, "dev", Keep{Last: 1}, false)
		ctx.cancel()
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) || Explain(err).Exit != problem.ExitInterrupted {
			t.Errorf("canceled at call %d of Err: got %v, want %v", n, err, context.Canceled)
		}
		explained := Explain(err)
		partly = len(p.Deleted) > 0
		want := []problem.State{{Code: problem.NothingChanged}}
		if partly {
			want = []problem.State{{Code: problem.SnapshotsDeleted, Count: len(p.Deleted)}}
		}
		if !slices.Equal(explained.Disk, want) || partly == (explained.Cause == "") {
			t.Errorf("%d deleted: got %+v, want %+v", len(p.Deleted), explained, want)
		}
	}
	if !partly {
		t.Error("no prune was canceled between two deletions")
	}
}
