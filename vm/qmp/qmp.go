// Package qmp speaks QEMU's control protocol (QMP: JSON lines over a unix
// socket) with one running QEMU.
//
// It is for whoever owns a running VM; QEMU greets one client per socket at a
// time. It must never know what a VM, a disk or a snapshot is, nor trust what
// comes back: lines are bounded, every wait ends with its context.
package qmp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

var (
	// ErrClosed is the cause when the connection was ended by Close.
	ErrClosed = errors.New("QMP connection closed")
	// ErrProtocol is the cause when QEMU sent what is not QMP.
	ErrProtocol = errors.New("not QMP")
)

// Error is QEMU's refusal of one command; the connection goes on.
type Error struct {
	Command string
	Class   string // GenericError, CommandNotFound, DeviceNotFound, …
	Desc    string // QEMU's own words
}

func (e *Error) Error() string { return fmt.Sprintf("QEMU refused %s: %s", e.Command, e.Desc) }

// Event is something QEMU said unasked, such as SHUTDOWN.
type Event struct {
	Name string
	Data json.RawMessage // an object, or nil
	Time time.Time       // by the host's clock, as QEMU states it
}

// Client is one connection. All methods may be called from many goroutines.
type Client struct {
	conn   net.Conn
	lines  chan []byte // requests for the writer
	events chan Event
	done   chan struct{}

	mu      sync.Mutex
	lastID  uint64
	waiting map[uint64]chan<- answer // each of capacity 1
	err     error
}

// Dial connects to the socket at path and agrees on capabilities, all before
// ctx ends: a QEMU that accepts and stays silent costs no more than that. The
// connection itself lives until Close or until QEMU ends it.
func Dial(ctx context.Context, path string) (*Client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("connect to QEMU: %w", err)
	}
	return Open(ctx, conn)
}

// Open is Dial for a connection that is there; it owns conn from here on.
func Open(ctx context.Context, conn net.Conn) (*Client, error) {
	c := &Client{
		conn:    conn,
		lines:   make(chan []byte),
		events:  make(chan Event, eventBuffer),
		done:    make(chan struct{}),
		waiting: make(map[uint64]chan<- answer),
	}
	greeted := make(chan struct{})
	go c.read(greeted)
	go c.write()
	select {
	case <-greeted:
	case <-c.done:
		return nil, fmt.Errorf("QEMU's greeting: %w", c.Err())
	case <-ctx.Done():
		c.end(ErrClosed)
		return nil, fmt.Errorf("QEMU's greeting: %w", ctx.Err())
	}
	if err := c.Do(ctx, "qmp_capabilities", nil, nil); err != nil {
		c.end(ErrClosed)
		return nil, err
	}
	return c, nil
}

// Do runs one command. args is marshalled as its arguments (nil for none); the
// answer is unmarshalled into result unless that is nil. A refusal is an
// *Error. When ctx ends the wait ends with ctx's error; QEMU may still carry
// the command out, before any later one, and its late answer is dropped.
func (c *Client) Do(ctx context.Context, command string, args, result any) error {
	answers := make(chan answer, 1)
	id, err := c.expect(answers)
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	defer c.forget(id)
	line, err := json.Marshal(request{Execute: command, Arguments: args, ID: id})
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	select {
	case c.lines <- append(line, '\n'):
	case <-ctx.Done():
		return fmt.Errorf("%s: QEMU takes no command: %w", command, ctx.Err())
	case <-c.done:
		return fmt.Errorf("%s: %w", command, c.Err())
	}
	select {
	case a := <-answers:
		return a.into(command, result)
	case <-ctx.Done():
		return fmt.Errorf("%s: QEMU gave no answer: %w", command, ctx.Err())
	case <-c.done:
	}
	select {
	case a := <-answers: // it came with the last lines
		return a.into(command, result)
	default:
		return fmt.Errorf("%s: %w", command, c.Err())
	}
}

// Events is the one stream of events, for one reader. It holds the newest
// events only: when nobody reads, the oldest unread are dropped and QEMU's
// answers still flow. Closed after Done.
func (c *Client) Events() <-chan Event { return c.events }

// Done is closed when the connection has ended; Err then tells why.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err is nil while the connection lives. io.EOF or a reset after quit is
// QEMU's normal way to leave.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close ends the connection, not QEMU. Waiting calls of Do return ErrClosed.
// It may be called more than once.
func (c *Client) Close() error {
	c.end(ErrClosed)
	return nil
}

// end notes the first cause and releases everyone.
func (c *Client) end(cause error) {
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

func (c *Client) expect(answers chan<- answer) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	c.lastID++
	c.waiting[c.lastID] = answers
	return c.lastID, nil
}

func (c *Client) forget(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
}

// write is the one writer: a caller whose context ends never leaves half a
// line behind.
func (c *Client) write() {
	for {
		select {
		case line := <-c.lines:
			if _, err := c.conn.Write(line); err != nil {
				c.end(err)
				return
			}
		case <-c.done:
			return
		}
	}
}
