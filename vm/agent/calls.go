package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vmterminal/vm/agent/wire"
)

// Timeouts of the operations; the context may set a shorter one.
const (
	infoTimeout       = 10 * time.Second
	resizeTimeout     = 10 * time.Second
	syncTimeout       = 15 * time.Second
	freezeTimeout     = 15 * time.Second
	thawTimeout       = 10 * time.Second
	trimTimeout       = 5 * time.Minute
	powerOffTimeout   = 10 * time.Second
	foregroundTimeout = 5 * time.Second
)

// MaxFreezeTime is how long the guest stays frozen before it thaws by itself.
const MaxFreezeTime = wire.MaxFreezeMillis * time.Millisecond

// Info returns information about the guest.
func (c *Client) Info(ctx context.Context) (Info, error) {
	answer, err := c.request(ctx, infoTimeout, wire.RequestBody{Op: wire.OpInfo})
	if err != nil {
		return Info{}, err
	}
	info, err := parseInfo(answer.Info)
	if err != nil {
		return Info{}, fmt.Errorf("%s: %w", wire.OpInfo, err)
	}
	return info, nil
}

// Resize sets the size of the guest's console in characters.
func (c *Client) Resize(ctx context.Context, cols, rows int) error {
	_, err := c.request(ctx, resizeTimeout, wire.RequestBody{Op: wire.OpResize, Columns: cols, Rows: rows})
	return err
}

// Sync makes the guest write its caches to the disk, so that a Freeze right after it
// takes less time.
func (c *Client) Sync(ctx context.Context) error {
	_, err := c.request(ctx, syncTimeout, wire.RequestBody{Op: wire.OpSync})
	return err
}

// Freeze makes the guest's file systems consistent on the disk and blocks writes until
// Thaw or MaxFreezeTime. After an error it thaws them if the guest can be reached.
func (c *Client) Freeze(ctx context.Context) error {
	_, err := c.request(ctx, freezeTimeout, wire.RequestBody{Op: wire.OpFreeze, LimitMillis: wire.MaxFreezeMillis})
	var refused *GuestError
	if err != nil && !errors.As(err, &refused) {
		c.cancelFreeze()
	}
	return err
}

// cancelFreeze thaws without waiting, in case a Freeze without an answer has succeeded.
func (c *Client) cancelFreeze() {
	c.trySend(wire.Frame{Kind: wire.Request, Stream: c.nextStream(), Payload: []byte(`{"op":"thaw"}`)})
}

func (c *Client) nextStream() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastStream++
	return c.lastStream
}

// Thaw ends a Freeze. ErrWrongState means that the guest had already thawed, so that it
// was not frozen all the time since Freeze.
func (c *Client) Thaw(ctx context.Context) error {
	_, err := c.request(ctx, thawTimeout, wire.RequestBody{Op: wire.OpThaw})
	return err
}

// Trim discards the blocks that the guest's file systems do not use, which frees them
// on the host.
func (c *Client) Trim(ctx context.Context) error {
	_, err := c.request(ctx, trimTimeout, wire.RequestBody{Op: wire.OpTrim})
	return err
}

// PowerOff asks the guest to shut down and power off. It returns when the agent has
// accepted the request; the shutdown takes at least another second.
func (c *Client) PowerOff(ctx context.Context) error {
	_, err := c.request(ctx, powerOffTimeout, wire.RequestBody{Op: wire.OpPowerOff})
	return err
}

// request sends a hello if necessary, then req, and waits for the response.
func (c *Client) request(ctx context.Context, timeout time.Duration, req wire.RequestBody) (wire.ResponseBody, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if _, err := c.ensureGreeted(ctx); err != nil {
		return wire.ResponseBody{}, err
	}
	return c.req(ctx, req)
}
