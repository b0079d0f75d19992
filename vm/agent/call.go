package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"vmterminal/vm/agent/wire"
)

// A call is one request that is under way.
type call struct {
	answer         chan result
	stdin          *wire.Allowance
	stdout, stderr *wire.Inbox
	abort          context.CancelCauseFunc
}

type result struct {
	answer wire.Answer
	err    error
}

func (k *call) fail(err error) {
	select {
	case k.answer <- result{err: err}:
	default:
	}
	k.abort(err)
}

// take is what a frame does to its call.
func (k *call) take(f wire.Frame) error {
	switch f.Kind {
	case wire.Response:
		return k.respond(f.Payload)
	case wire.Credit:
		if k.stdin != nil && f.Channel == wire.Stdin {
			k.stdin.Add(wire.ParseCredit(f.Payload))
		}
		return nil
	case wire.Data, wire.End:
		box := k.inbox(f.Channel)
		if box == nil {
			return fmt.Errorf("%w: output that was not asked for", ErrBadAnswer)
		}
		if f.Kind == wire.End {
			box.End()
			return nil
		}
		if len(f.Payload) == 0 || !box.Put(f.Payload) {
			return fmt.Errorf("%w: more output than allowed", ErrBadAnswer)
		}
		return nil
	default:
		return fmt.Errorf("%w: frame of kind %d", ErrBadAnswer, f.Kind)
	}
}

func (k *call) inbox(ch wire.Channel) *wire.Inbox {
	switch ch {
	case wire.Stdout:
		return k.stdout
	case wire.Stderr:
		return k.stderr
	default:
		return nil
	}
}

func (k *call) respond(payload []byte) error {
	if len(payload) > wire.MaxMessage {
		return fmt.Errorf("%w: an answer of %d bytes", ErrBadAnswer, len(payload))
	}
	var r result
	if err := json.Unmarshal(payload, &r.answer); err != nil {
		return fmt.Errorf("%w: %w", ErrBadAnswer, err)
	}
	select {
	case k.answer <- r:
	default:
	}
	return nil
}

// open registers a call and queues its request.
func (c *Client) open(ctx context.Context, k *call, ask wire.Ask) (stream uint32, err error) {
	payload, err := json.Marshal(ask)
	if err != nil {
		return 0, err
	}
	if len(payload) > wire.MaxPayload {
		return 0, fmt.Errorf("%s: the request is longer than %d bytes", ask.Op, wire.MaxPayload)
	}
	c.mu.Lock()
	if c.closed != nil {
		c.mu.Unlock()
		return 0, c.closed
	}
	c.last++
	stream = c.last
	c.calls[stream] = k
	c.mu.Unlock()
	err = c.send(ctx, wire.Frame{Kind: wire.Request, Stream: stream, Payload: payload})
	if err != nil {
		c.forget(stream, false)
	}
	return stream, err
}

// forget ends a call on this side and tells the guest if it may be working.
func (c *Client) forget(stream uint32, tell bool) {
	c.mu.Lock()
	_, open := c.calls[stream]
	delete(c.calls, stream)
	c.mu.Unlock()
	if open && tell {
		c.sendSoon(wire.Frame{Kind: wire.Cancel, Stream: stream})
	}
}

// ask makes one request and waits for its answer.
func (c *Client) ask(ctx context.Context, ask wire.Ask) (wire.Answer, error) {
	k := &call{answer: make(chan result, 1), abort: func(error) {}}
	stream, err := c.open(ctx, k, ask)
	if err != nil {
		return wire.Answer{}, noAnswer(ask.Op, err)
	}
	defer c.forget(stream, true)
	select {
	case r := <-k.answer:
		return r.check(ask.Op)
	case <-ctx.Done():
		return wire.Answer{}, noAnswer(ask.Op, context.Cause(ctx))
	}
}

func (r result) check(op string) (wire.Answer, error) {
	if r.err != nil {
		return wire.Answer{}, fmt.Errorf("%s: %w", op, r.err)
	}
	if r.answer.Error != nil {
		return wire.Answer{}, guestError(op, r.answer.Error)
	}
	return r.answer, nil
}

// noAnswer says what a time limit that has passed means here.
func noAnswer(op string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: %w: %w", op, ErrNoAnswer, err)
	}
	return fmt.Errorf("%s: %w", op, err)
}
