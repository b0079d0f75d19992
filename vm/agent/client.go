package agent

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"sync"

	"vmterminal/vm/agent/wire"
)

// A Client speaks with the agent of one guest. All methods may be called from
// many goroutines. It outlives the guest's reboots: the stream stays, and the
// next call greets the new agent.
type Client struct {
	conn    io.ReadWriteCloser
	session uint64
	out     chan wire.Frame
	ready   chan struct{}
	done    chan struct{}
	// greeting is held by who says hello for all.
	greeting chan struct{}

	mu      sync.Mutex
	closed  error
	greeted bool
	starts  int // how often the agent has said Ready
	calls   map[uint32]*call
	last    uint32
}

// NewClient takes over the host's end of the guest's port and starts to read
// it; nothing is asked yet. Close ends it, and so does a failing conn.
func NewClient(conn io.ReadWriteCloser) *Client {
	var session [8]byte
	_, _ = rand.Read(session[:]) // never fails
	c := &Client{
		conn:     conn,
		session:  binary.BigEndian.Uint64(session[:]) | 1,
		out:      make(chan wire.Frame, 64),
		ready:    make(chan struct{}, 1),
		done:     make(chan struct{}),
		greeting: make(chan struct{}, 1),
		calls:    map[uint32]*call{},
	}
	go c.read()
	go c.write()
	return c
}

// Close ends the client and closes its conn. Calls under way fail with
// ErrClosed.
func (c *Client) Close() error {
	c.end(ErrClosed)
	return nil
}

// Done is closed when the client has ended, by Close or because its stream did.
func (c *Client) Done() <-chan struct{} { return c.done }

// Ready receives, once, after the agent has started or started anew: the moment
// to tell it the console's size again. Several starts may count as one.
func (c *Client) Ready() <-chan struct{} { return c.ready }

func (c *Client) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed != nil {
		return
	}
	c.closed = err
	c.failAll(err)
	close(c.done)
	c.conn.Close()
}

// failAll ends the calls under way. The caller holds mu.
func (c *Client) failAll(err error) {
	for id, call := range c.calls {
		delete(c.calls, id)
		call.fail(err)
	}
}

func (c *Client) read() {
	err := wire.Receive(c.conn, c.handle)
	c.end(fmt.Errorf("%w: %w", ErrClosed, err))
}

func (c *Client) write() {
	for {
		select {
		case f := <-c.out:
			if _, err := c.conn.Write(f.Append(nil)); err != nil {
				c.end(fmt.Errorf("%w: %w", ErrClosed, err))
				return
			}
		case <-c.done:
			return
		}
	}
}

// send queues a frame. It waits while the guest takes nothing.
func (c *Client) send(ctx context.Context, f wire.Frame) error {
	f.Session = c.session
	select {
	case c.out <- f:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-c.done:
		return c.cause()
	}
}

// cause is why the client has ended.
func (c *Client) cause() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// sendSoon queues a frame if there is room: the goodbye to a call that nobody
// waits for any more. A guest that takes nothing would not hear it either.
func (c *Client) sendSoon(f wire.Frame) {
	f.Session = c.session
	select {
	case c.out <- f:
	default:
	}
}

// handle takes one frame from the guest; it never waits.
func (c *Client) handle(f wire.Frame) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case f.Kind == wire.Ready:
		c.restarted()
		c.starts++
		select {
		case c.ready <- struct{}{}:
		default:
		}
		// Of use once; a guest that says nothing else is a flood.
		return false
	case f.Session != c.session:
		return false
	case f.Kind == wire.NoSession:
		if c.calls[f.Stream] == nil {
			return false
		}
		c.restarted()
		return true
	}
	k := c.calls[f.Stream]
	if k == nil {
		return false
	}
	if err := k.take(f); err != nil {
		delete(c.calls, f.Stream)
		k.fail(err)
		c.sendSoon(wire.Frame{Kind: wire.Cancel, Stream: f.Stream})
	}
	if f.Kind == wire.Response {
		delete(c.calls, f.Stream)
	}
	return true
}

// restarted forgets what the agent has forgotten. The caller holds mu.
func (c *Client) restarted() {
	c.greeted = false
	c.failAll(ErrRestarted)
}
