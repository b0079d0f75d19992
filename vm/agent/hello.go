package agent

import (
	"context"
	"errors"
	"time"

	"vmterminal/vm/agent/wire"
)

const (
	minHelloWait = time.Second
	maxHelloWait = 15 * time.Second
	// helloRetryPause limits the hellos for a guest that sends Ready endlessly.
	helloRetryPause = 20 * time.Millisecond
)

// Hello waits until the agent answers or ctx is canceled, no matter how long the guest
// takes to boot. It sends hellos repeatedly, because a guest that is booting loses the
// early ones. Other calls send a hello themselves, within their timeouts.
func (c *Client) Hello(ctx context.Context) (Info, error) {
	select {
	case c.greetLock <- struct{}{}:
		defer func() { <-c.greetLock }()
	case <-ctx.Done():
		return Info{}, wrapTimeout(wire.OpHello, context.Cause(ctx))
	case <-c.done:
		return Info{}, c.closeError()
	}
	for wait := minHelloWait; ; wait = min(2*wait, maxHelloWait) {
		info, err := c.helloOnce(ctx, wait)
		if err == nil || ctx.Err() != nil || !errors.Is(err, ErrNoAnswer) && !errors.Is(err, ErrRestarted) {
			return info, err
		}
		select {
		case <-time.After(helloRetryPause):
		case <-ctx.Done():
		}
	}
}

// helloOnce sends one hello and waits for the answer, at most for wait or until the
// agent reports that it has just started.
func (c *Client) helloOnce(ctx context.Context, wait time.Duration) (Info, error) {
	c.mu.Lock()
	starts := c.starts
	c.mu.Unlock()
	ctx, cancel := context.WithTimeoutCause(ctx, wait, context.DeadlineExceeded)
	defer cancel()
	answer, err := c.req(ctx, wire.RequestBody{Op: wire.OpHello, Version: wire.Version})
	if err != nil {
		return Info{}, err
	}
	info, err := parseInfo(answer.Info)
	if err != nil {
		return Info{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.starts != starts {
		// The answer is older than the agent's last start.
		return Info{}, ErrRestarted
	}
	c.isGreeted, c.version = true, info.Version
	return info, nil
}

// ensureGreeted sends a hello unless the agent knows this session, and returns the
// agent's protocol version.
func (c *Client) ensureGreeted(ctx context.Context) (version int, err error) {
	c.mu.Lock()
	greeted, version := c.isGreeted, c.version
	c.mu.Unlock()
	if greeted {
		return version, nil
	}
	info, err := c.Hello(ctx)
	return info.Version, err
}
