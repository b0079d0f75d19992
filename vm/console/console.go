// Package console manages a guest's serial terminal: it reads all output at once, stores
// the recent part, writes a bounded log, sends the output to any number of attachments and
// forwards their input in the order it was sent.
//
// It is independent of where the bytes come from (QEMU) and where they go (HTTP, a
// window), and does not interpret them, except for line starts and terminal queries.
package console

import (
	"context"
	"errors"
	"io"
	"sync"
)

// RingSize is the size in bytes of the recent output that is stored for new attachments. That
// is enough for a terminal's scrollback of 10,000 lines with 400 bytes each.
const RingSize = 4 << 20

// ReplayLines is the maximum number of lines that an attachment replays: a terminal's
// scrollback and one screen.
const ReplayLines = 10500

const (
	maxInputPiece  = 4 << 10 // longer input is split
	inputQueueSize = 64      // pieces queued while the guest does not read
)

// ErrClosed means that the console has ended, because its VM has stopped.
var ErrClosed = errors.New("the console is closed")

// A Console is safe for concurrent use. Neither a slow attachment nor input that the guest
// does not read delays output.
type Console struct {
	log   io.Writer
	input chan []byte

	mu       sync.Mutex
	ring     ring
	changed  chan struct{} // closed and replaced when there is output or the console ends
	closed   chan struct{}
	attached int
}

// New returns a console that also writes output to log, which may be nil. Errors of log are
// ignored: a full host disk must not stop the guest.
func New(log io.Writer) *Console { return newSized(log, RingSize) }

func newSized(log io.Writer, size int) *Console {
	if log == nil {
		log = io.Discard
	}
	return &Console{
		log:     log,
		input:   make(chan []byte, inputQueueSize),
		ring:    ring{buf: make([]byte, size)},
		changed: make(chan struct{}),
		closed:  make(chan struct{}),
	}
}

// Serve reads output from line until reading fails or Close is called, and writes queued
// input to it. It closes line and returns the read error, or nil after io.EOF or Close. Only
// one Serve may run at a time; a later one continues the same console.
func (c *Console) Serve(line io.ReadWriteCloser) error {
	done := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() { c.writeInput(line, done) })
	defer writer.Wait()
	defer line.Close()
	defer close(done)
	buf := make([]byte, 32<<10)
	for {
		n, err := line.Read(buf)
		c.Output(buf[:n])
		if err != nil {
			return c.serveError(err)
		}
	}
}

func (c *Console) serveError(err error) error {
	select {
	case <-c.closed:
		return nil
	default:
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// writeInput is the only writer of input. On Close it also closes line, which ends the
// reading.
func (c *Console) writeInput(line io.WriteCloser, done <-chan struct{}) {
	for {
		select {
		case p := <-c.input:
			if _, err := line.Write(p); err != nil {
				return
			}
		case <-c.closed:
			line.Close()
			return
		case <-done:
			return
		}
	}
}

// Output adds bytes as if the guest had sent them. It does not retain p.
func (c *Console) Output(p []byte) {
	if len(p) > 0 {
		_, _ = c.log.Write(p)
		c.AddLogged(p)
	}
}

// AddLogged adds output that is already in the log, from an earlier Console of the same VM. It
// does not retain p.
func (c *Console) AddLogged(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ring.write(p)
	c.notify()
}

func (c *Console) notify() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// Input queues bytes for the guest, in the order of the calls. It waits while the queue is
// full. After it returns nil, the bytes reach the guest as soon as it reads, even if the
// caller has exited. It does not retain p. If ctx ends, part of the input may have been
// queued.
func (c *Console) Input(ctx context.Context, p []byte) error {
	for len(p) > 0 {
		piece := append([]byte(nil), p[:min(len(p), maxInputPiece)]...)
		p = p[len(piece):]
		select {
		case <-c.closed:
			return ErrClosed
		default:
		}
		select {
		case c.input <- piece:
		case <-ctx.Done():
			return ctx.Err()
		case <-c.closed:
			return ErrClosed
		}
	}
	return nil
}

// Close ends the console: attachments read the remaining output, then io.EOF.
func (c *Console) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.closed:
	default:
		close(c.closed)
		c.notify()
	}
}

// Attached returns the number of open attachments.
func (c *Console) Attached() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.attached
}
