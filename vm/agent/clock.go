package agent

import (
	"context"
	"time"

	"vmterminal/vm/agent/wire"
)

const clockTimeout = 5 * time.Second

// SetClock sets the guest's clock if it differs from now by at least
// wire.MinClockStep, and returns the difference. It returns ErrUnsupported if the
// agent is too old.
func (c *Client) SetClock(ctx context.Context, now time.Time) (moved time.Duration, err error) {
	answer, err := c.request(ctx, clockTimeout, wire.RequestBody{Op: wire.OpClock, UnixNano: now.UnixNano()})
	return time.Duration(answer.ClockMoved), err
}
