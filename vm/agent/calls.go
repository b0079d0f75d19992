package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vmterminal/vm/agent/wire"
)

// The longest that each operation is waited for, if its context allows more.
const (
	infoLimit     = 10 * time.Second
	resizeLimit   = 10 * time.Second
	syncLimit     = 15 * time.Second
	freezeLimit   = 15 * time.Second
	thawLimit     = 10 * time.Second
	trimLimit     = 5 * time.Minute
	powerOffLimit = 10 * time.Second
	frontLimit    = 5 * time.Second
)

// FreezeLimit is how long the guest stays frozen if it is not thawed; then it
// thaws by itself.
const FreezeLimit = wire.MaxFreezeMillis * time.Millisecond

// Hello waits until the agent answers, however long the guest takes to start:
// only ctx ends it. Other calls say hello by themselves, within their limits.
func (c *Client) Hello(ctx context.Context) (Info, error) { return c.greet(ctx) }

// Info asks the agent of its guest.
func (c *Client) Info(ctx context.Context) (Info, error) {
	answer, err := c.request(ctx, infoLimit, wire.Ask{Op: wire.OpInfo})
	if err != nil {
		return Info{}, err
	}
	info, err := checkInfo(answer.Info)
	if err != nil {
		return Info{}, fmt.Errorf("%s: %w", wire.OpInfo, err)
	}
	return info, nil
}

// Resize tells the guest's console its size, in characters.
func (c *Client) Resize(ctx context.Context, cols, rows int) error {
	_, err := c.request(ctx, resizeLimit, wire.Ask{Op: wire.OpResize, Columns: cols, Rows: rows})
	return err
}

// Sync has the guest write out what it holds in memory, so that a Freeze right
// after it has little left to write while it holds the guest's writers back.
func (c *Client) Sync(ctx context.Context) error {
	_, err := c.request(ctx, syncLimit, wire.Ask{Op: wire.OpSync})
	return err
}

// Freeze makes the guest's file systems quiet and consistent on their disks,
// until Thaw or FreezeLimit. After an error nothing stays frozen, as far as the
// guest can be told.
func (c *Client) Freeze(ctx context.Context) error {
	_, err := c.request(ctx, freezeLimit, wire.Ask{Op: wire.OpFreeze, LimitMillis: wire.MaxFreezeMillis})
	var refused *GuestError
	if err != nil && !errors.As(err, &refused) {
		c.undoFreeze()
	}
	return err
}

// undoFreeze thaws without waiting: what is frozen may have been frozen by the
// request whose answer did not come.
func (c *Client) undoFreeze() {
	c.sendSoon(wire.Frame{Kind: wire.Request, Stream: c.nextStream(), Payload: []byte(`{"op":"thaw"}`)})
}

func (c *Client) nextStream() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	return c.last
}

// Thaw ends a Freeze. ErrWrongState says that the guest had thawed before: what
// was read meanwhile was not frozen all the time.
func (c *Client) Thaw(ctx context.Context) error {
	_, err := c.request(ctx, thawLimit, wire.Ask{Op: wire.OpThaw})
	return err
}

// Trim gives the blocks that the guest's file systems do not use back to the
// host.
func (c *Client) Trim(ctx context.Context) error {
	_, err := c.request(ctx, trimLimit, wire.Ask{Op: wire.OpTrim})
	return err
}

// PowerOff asks the guest to end in order. It returns when the agent has
// agreed; the guest then needs a second or more.
func (c *Client) PowerOff(ctx context.Context) error {
	_, err := c.request(ctx, powerOffLimit, wire.Ask{Op: wire.OpPowerOff})
	return err
}

func (c *Client) request(ctx context.Context, limit time.Duration, ask wire.Ask) (wire.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := c.known(ctx); err != nil {
		return wire.Answer{}, err
	}
	return c.ask(ctx, ask)
}
