// Package qmp is a client for QEMU's control protocol (QMP: JSON lines over a unix
// socket). QEMU serves one client per socket at a time.
//
// A client logs the name of each command, its duration and the class of its result, but
// never arguments or answers.
//
// The package knows nothing about VMs, disks or snapshots, and does not trust QEMU: lines
// are limited in length, and every wait ends with its context.
package qmp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

var (
	// ErrClosed is the cause if Close ended the connection.
	ErrClosed = errors.New("QMP connection closed")
	// ErrProtocol is the cause if QEMU sent something that is not QMP.
	ErrProtocol = errors.New("not QMP")
)

// Error is QEMU's rejection of one command; the connection stays open.
type Error struct {
	Command string
	Class   string // GenericError, CommandNotFound, DeviceNotFound, …
	Desc    string // QEMU's message
}

func (e *Error) Error() string { return fmt.Sprintf("QEMU rejected %s: %s", e.Command, e.Desc) }

// Event is an asynchronous message from QEMU, such as SHUTDOWN.
type Event struct {
	Name string
	Data json.RawMessage // an object, or nil
	Time time.Time       // according to QEMU, by the host's clock
}

// A Client is one connection to QEMU. All methods may be called concurrently.
type Client struct {
	conn   net.Conn
	log    *slog.Logger
	lines  chan []byte // requests for the writer
	events chan Event
	done   chan struct{}

	mu      sync.Mutex
	lastID  uint64
	waiting map[uint64]chan<- answer // each of capacity 1
	err     error
}

// Dial connects to the socket at path and negotiates capabilities; ctx limits both. The
// connection then stays open until Close, or until QEMU closes it. Commands are logged to
// log at debug level; nil means no log.
func Dial(ctx context.Context, path string, log *slog.Logger) (*Client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("connect to QEMU: %w", err)
	}
	return Open(ctx, conn, log)
}

// Open is like Dial, but uses an existing connection and takes ownership of it.
func Open(ctx context.Context, conn net.Conn, log *slog.Logger) (*Client, error) {
	c := &Client{
		conn:    conn,
		log:     cmp.Or(log, slog.New(slog.DiscardHandler)),
		lines:   make(chan []byte),
		events:  make(chan Event, eventBuffer),
		done:    make(chan struct{}),
		waiting: make(map[uint64]chan<- answer),
	}
	greeted := make(chan struct{})
	go c.readMessages(greeted)
	go c.writeRequests()
	select {
	case <-greeted:
	case <-c.done:
		return nil, fmt.Errorf("wait for QEMU's greeting: %w", c.Err())
	case <-ctx.Done():
		c.closeWith(ErrClosed)
		return nil, fmt.Errorf("wait for QEMU's greeting: %w", ctx.Err())
	}
	if err := c.Do(ctx, "qmp_capabilities", nil, nil); err != nil {
		c.closeWith(ErrClosed)
		return nil, err
	}
	return c, nil
}

// Do runs one command. args is encoded as its arguments (nil for none); the answer is decoded
// into result unless result is nil. If QEMU rejects the command, the error is an *Error. If
// ctx ends, Do returns ctx's error; QEMU may still execute the command, before any later one,
// and its answer is dropped.
func (c *Client) Do(ctx context.Context, command string, args, result any) error {
	if !c.log.Enabled(ctx, slog.LevelDebug) {
		return c.execute(ctx, command, args, result)
	}
	start := time.Now()
	err := c.execute(ctx, command, args, result)
	c.log.LogAttrs(ctx, slog.LevelDebug, "QMP command", slog.String("command", command),
		slog.Duration("duration", time.Since(start)), slog.String("result", resultClass(err)))
	return err
}

// resultClass returns the loggable class of a command's error. QEMU's message may contain
// arguments and is not logged.
func resultClass(err error) string {
	var refusal *Error
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &refusal):
		switch refusal.Class {
		case "GenericError", "CommandNotFound", "DeviceNotActive", "DeviceNotFound", "KVMMissingCap":
			return refusal.Class
		}
		return "refused"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, ErrProtocol):
		return "protocol error"
	default:
		return "disconnected"
	}
}

func (c *Client) execute(ctx context.Context, command string, args, result any) error {
	answers := make(chan answer, 1)
	id, err := c.register(answers)
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	defer c.unregister(id)
	line, err := json.Marshal(request{Execute: command, Arguments: args, ID: id})
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	select {
	case c.lines <- append(line, '\n'):
	case <-ctx.Done():
		return fmt.Errorf("%s: QEMU does not accept commands: %w", command, ctx.Err())
	case <-c.done:
		return fmt.Errorf("%s: %w", command, c.Err())
	}
	select {
	case a := <-answers:
		return a.decode(command, result)
	case <-ctx.Done():
		return fmt.Errorf("%s: QEMU did not answer: %w", command, ctx.Err())
	case <-c.done:
	}
	select {
	case a := <-answers: // received with the last lines
		return a.decode(command, result)
	default:
		return fmt.Errorf("%s: %w", command, c.Err())
	}
}

// Events returns the channel of events, for one reader. It buffers the newest events: if
// nobody reads, the oldest are dropped, so answers are never delayed. It is closed after the
// connection has ended.
func (c *Client) Events() <-chan Event { return c.events }

// Done returns a channel that is closed when the connection has ended; Err then returns the
// cause.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err returns nil while the connection is open. After quit, io.EOF or a reset is normal.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close closes the connection; QEMU keeps running. Pending calls of Do return ErrClosed. It
// may be called more than once.
func (c *Client) Close() error {
	c.closeWith(ErrClosed)
	return nil
}

// closeWith records the first cause and wakes all waiters.
func (c *Client) closeWith(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	if cause == nil {
		cause = io.EOF
	}
	c.err = cause
	close(c.done)
	c.conn.Close()
}

func (c *Client) register(answers chan<- answer) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	c.lastID++
	c.waiting[c.lastID] = answers
	return c.lastID, nil
}

func (c *Client) unregister(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
}

// writeRequests is the only writer, so that a canceled caller never leaves half a line behind.
func (c *Client) writeRequests() {
	for {
		select {
		case line := <-c.lines:
			if _, err := c.conn.Write(line); err != nil {
				c.closeWith(err)
				return
			}
		case <-c.done:
			return
		}
	}
}
