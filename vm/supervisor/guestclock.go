package supervisor

import (
	"context"
	"fmt"
	"time"

	"vmterminal/vm/agent/wire"
)

// hostClockInterval is how often the host's clock is checked for a jump.
const hostClockInterval = 10 * time.Second

// setClock sets the guest's clock, which stops while the VM is paused. It does nothing
// if the agent does not answer or is too old.
func (l *agentLink) setClock(ctx context.Context) {
	if a := l.current(); a != nil {
		l.setAgentClock(ctx, a)
	}
}

func (l *agentLink) setAgentClock(ctx context.Context, a guestAgent) {
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	if moved, err := a.SetClock(ctx, time.Now()); err == nil && moved != 0 {
		l.logNote(fmt.Sprintf("the guest's clock was off by %v and was set", moved.Round(time.Millisecond)))
	}
}

// watchHostClock sets the guest's clock whenever the host's clock has jumped: the host
// was suspended, or its clock was set.
func (l *agentLink) watchHostClock(ctx context.Context) {
	ticker := time.NewTicker(hostClockInterval)
	defer ticker.Stop()
	for last := time.Now(); ; {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		now := time.Now()
		if hasJumped(now.Round(0).Sub(last.Round(0)), now.Sub(last)) {
			l.setClock(ctx)
		}
		last = now
	}
}

// hasJumped reports whether the wall clock has advanced differently from the monotonic
// clock, which stops while the host is suspended.
func hasJumped(wall, monotonic time.Duration) bool {
	return (wall - monotonic).Abs() >= wire.MinClockStep
}
