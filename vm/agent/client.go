package agent

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"vmterminal/vm/agent/wire"
)

// A Client sends requests to the agent of one guest. It is safe for concurrent use. It
// keeps working after a reboot of the guest: the next call greets the new agent.
type Client struct {
	conn    io.ReadWriteCloser
	log     *slog.Logger
	session uint64
	out     chan wire.Frame
	ready   chan struct{}
	done    chan struct{}
	// greetLock serializes hellos.
	greetLock chan struct{}

	mu         sync.Mutex
	closeErr   error
	isGreeted  bool
	version    int // protocol version of the greeted agent
	starts     int // number of Ready frames
	calls      map[uint32]*call
	lastStream uint32
}

// NewClient returns a client that owns conn, the host's end of the guest's port. The
// client ends on Close or when conn fails. Requests are logged to log at debug level; log
// may be nil.
func NewClient(conn io.ReadWriteCloser, log *slog.Logger) *Client {
	var session [8]byte
	_, _ = rand.Read(session[:]) // never fails
	c := &Client{
		conn:      conn,
		log:       cmp.Or(log, slog.New(slog.DiscardHandler)),
		session:   binary.BigEndian.Uint64(session[:]) | 1,
		out:       make(chan wire.Frame, 64),
		ready:     make(chan struct{}, 1),
		done:      make(chan struct{}),
		greetLock: make(chan struct{}, 1),
		calls:     map[uint32]*call{},
	}
	go c.readFrames()
	go c.writeFrames()
	return c
}

// Close ends the client and closes its connection. Pending calls fail with ErrClosed.
func (c *Client) Close() error {
	c.closeWith(ErrClosed)
	return nil
}

// Done returns a channel that is closed when the client has ended.
func (c *Client) Done() <-chan struct{} { return c.done }

// Ready returns a channel that receives a value after the agent has started or
// restarted. Several starts may be combined into one value.
func (c *Client) Ready() <-chan struct{} { return c.ready }

// Starts returns how many times the agent has reported a start.
func (c *Client) Starts() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.starts
}

func (c *Client) closeWith(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closeErr != nil {
		return
	}
	c.closeErr = err
	c.failAll(err)
	close(c.done)
	c.conn.Close()
}

// failAll makes all pending calls fail. The caller must hold mu.
func (c *Client) failAll(err error) {
	for id, call := range c.calls {
		delete(c.calls, id)
		call.fail(err)
	}
}

func (c *Client) readFrames() {
	err := wire.Receive(c.conn, c.handleFrame)
	c.closeWith(fmt.Errorf("%w: %w", ErrClosed, err))
}

func (c *Client) writeFrames() {
	for {
		select {
		case f := <-c.out:
			if _, err := c.conn.Write(f.Append(nil)); err != nil {
				c.closeWith(fmt.Errorf("%w: %w", ErrClosed, err))
				return
			}
		case <-c.done:
			return
		}
	}
}

// send queues a frame. It blocks while the queue is full.
func (c *Client) send(ctx context.Context, f wire.Frame) error {
	f.Session = c.session
	select {
	case c.out <- f:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-c.done:
		return c.closeError()
	}
}

// closeError returns the reason why the client has ended.
func (c *Client) closeError() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closeErr
}

// trySend queues a frame if there is room. It is for frames that may be lost.
func (c *Client) trySend(f wire.Frame) {
	f.Session = c.session
	select {
	case c.out <- f:
	default:
	}
}

// handleFrame handles one frame from the guest and reports whether it was useful. It never
// blocks.
func (c *Client) handleFrame(f wire.Frame) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case f.Kind == wire.Ready:
		c.handleRestart()
		c.starts++
		select {
		case c.ready <- struct{}{}:
		default:
		}
		// This is not useful: a guest that sends only Ready frames is flooding.
		return false
	case f.Session != c.session:
		return false
	case f.Kind == wire.NoSession:
		if c.calls[f.Stream] == nil {
			return false
		}
		c.handleRestart()
		return true
	}
	k := c.calls[f.Stream]
	if k == nil {
		return false
	}
	if err := k.handleFrame(f); err != nil {
		delete(c.calls, f.Stream)
		k.fail(err)
		c.trySend(wire.Frame{Kind: wire.Cancel, Stream: f.Stream})
	}
	if f.Kind == wire.Response {
		delete(c.calls, f.Stream)
	}
	return true
}

// handleRestart discards the state of the previous agent. The caller must hold mu.
func (c *Client) handleRestart() {
	c.isGreeted = false
	c.failAll(ErrRestarted)
}
