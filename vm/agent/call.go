package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"vmterminal/vm/agent/wire"
)

// A call is a pending request.
type call struct {
	answer         chan result
	stdin          *wire.SendWindow
	stdout, stderr *wire.Inbox
	abort          context.CancelCauseFunc
	sent, received atomic.Int64 // bytes of stdin, and of stdout and stderr
}

type result struct {
	answer wire.ResponseBody
	err    error
}

func (k *call) fail(err error) {
	select {
	case k.answer <- result{err: err}:
	default:
	}
	k.abort(err)
}

// handleFrame handles a frame from the guest for this call.
func (k *call) handleFrame(f wire.Frame) error {
	switch f.Kind {
	case wire.Response:
		return k.setAnswer(f.Payload)
	case wire.Credit:
		if k.stdin != nil && f.Channel == wire.Stdin {
			k.stdin.Add(wire.ParseCredit(f.Payload))
		}
		return nil
	case wire.Data, wire.End:
		box := k.inbox(f.Channel)
		if box == nil {
			return fmt.Errorf("%w: unexpected output", ErrBadAnswer)
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

func (k *call) setAnswer(payload []byte) error {
	if len(payload) > wire.MaxMessage {
		return fmt.Errorf("%w: response too long: %d bytes", ErrBadAnswer, len(payload))
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

// startCall registers a call and queues its request.
func (c *Client) startCall(ctx context.Context, k *call, req wire.RequestBody) (stream uint32, err error) {
	payload, err := json.Marshal(req)
	if err != nil {
		return 0, err
	}
	if len(payload) > wire.MaxPayload {
		return 0, fmt.Errorf("%w: the request has %d bytes, the limit is %d", ErrNotExecutable, len(payload), wire.MaxPayload)
	}
	c.mu.Lock()
	if c.closeErr != nil {
		c.mu.Unlock()
		return 0, c.closeErr
	}
	c.lastStream++
	stream = c.lastStream
	c.calls[stream] = k
	c.mu.Unlock()
	err = c.send(ctx, wire.Frame{Kind: wire.Request, Stream: stream, Payload: payload})
	if err != nil {
		c.endCall(stream, false)
	}
	return stream, err
}

// endCall removes a call. If cancel is set and the call was pending, it sends the guest a
// Cancel.
func (c *Client) endCall(stream uint32, cancel bool) {
	c.mu.Lock()
	_, open := c.calls[stream]
	delete(c.calls, stream)
	c.mu.Unlock()
	if open && cancel {
		c.trySend(wire.Frame{Kind: wire.Cancel, Stream: stream})
	}
}

// loggedRoundTrip sends a request, waits for the response and logs both.
func (c *Client) req(ctx context.Context, req wire.RequestBody) (wire.ResponseBody, error) {
	start := time.Now()
	answer, err := c.roundTrip(ctx, req)
	c.logRequest(ctx, req.Op, start, err)
	return answer, err
}

// logRequest logs the kind and the result of a request, but no data from host or
// guest.
func (c *Client) logRequest(ctx context.Context, op string, start time.Time, err error, more ...slog.Attr) {
	if !c.log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request", op), slog.Duration("duration", time.Since(start)), slog.String("result", resultClass(err)),
	}
	c.log.LogAttrs(ctx, slog.LevelDebug, "agent request", append(attrs, more...)...)
}

func (c *Client) roundTrip(ctx context.Context, req wire.RequestBody) (wire.ResponseBody, error) {
	k := &call{answer: make(chan result, 1), abort: func(error) {}}
	stream, err := c.startCall(ctx, k, req)
	if err != nil {
		return wire.ResponseBody{}, wrapTimeout(req.Op, err)
	}
	defer c.endCall(stream, true)
	select {
	case r := <-k.answer:
		return r.check(req.Op)
	case <-ctx.Done():
		return wire.ResponseBody{}, wrapTimeout(req.Op, context.Cause(ctx))
	}
}

func (r result) check(op string) (wire.ResponseBody, error) {
	if r.err != nil {
		return wire.ResponseBody{}, fmt.Errorf("%s: %w", op, r.err)
	}
	if r.answer.Error != nil {
		return wire.ResponseBody{}, guestError(op, r.answer.Error)
	}
	return r.answer, nil
}

// wrapTimeout adds op to err, and ErrNoAnswer if the deadline was exceeded.
func wrapTimeout(op string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: %w: %w", op, ErrNoAnswer, err)
	}
	return fmt.Errorf("%s: %w", op, err)
}
