package agent

import (
	"context"
	"errors"
	"time"

	"vmterminal/vm/agent/wire"
)

const (
	helloFirst = time.Second
	helloMost  = 15 * time.Second
	// helloPause keeps a guest that says Ready without end from being answered
	// without end.
	helloPause = 20 * time.Millisecond
)

// greet says hello unless the agent knows us, again and again until it answers
// or ctx ends: a guest that is starting loses what was said too early.
func (c *Client) greet(ctx context.Context) (Info, error) {
	select {
	case c.greeting <- struct{}{}:
		defer func() { <-c.greeting }()
	case <-ctx.Done():
		return Info{}, noAnswer(wire.OpHello, context.Cause(ctx))
	case <-c.done:
		return Info{}, c.cause()
	}
	for wait := helloFirst; ; wait = min(2*wait, helloMost) {
		info, err := c.helloOnce(ctx, wait)
		if err == nil || ctx.Err() != nil || !errors.Is(err, ErrNoAnswer) && !errors.Is(err, ErrRestarted) {
			return info, err
		}
		select {
		case <-time.After(helloPause):
		case <-ctx.Done():
		}
	}
}

// helloOnce says hello and waits for the answer, for a time, or until the agent
// says that it has just started.
func (c *Client) helloOnce(ctx context.Context, wait time.Duration) (Info, error) {
	c.mu.Lock()
	starts := c.starts
	c.mu.Unlock()
	ctx, cancel := context.WithTimeoutCause(ctx, wait, context.DeadlineExceeded)
	defer cancel()
	answer, err := c.ask(ctx, wire.Ask{Op: wire.OpHello, Version: wire.Version})
	if err != nil {
		return Info{}, err
	}
	info, err := checkInfo(answer.Info)
	if err != nil {
		return Info{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.starts != starts {
		// The answer is older than the agent's last start.
		return Info{}, ErrRestarted
	}
	c.greeted = true
	return info, nil
}

// known makes sure that the agent knows this session.
func (c *Client) known(ctx context.Context) error {
	c.mu.Lock()
	greeted := c.greeted
	c.mu.Unlock()
	if greeted {
		return nil
	}
	_, err := c.greet(ctx)
	return err
}
