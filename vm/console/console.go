// Package console keeps a guest's serial terminal: it takes all output as it
// comes, remembers the recent part, writes a bounded log, hands the text to any
// number of attachments and passes their input on in the order it was sent.
//
// It must never know where the bytes come from (QEMU), where they go (HTTP, a
// window), or what they mean: apart from finding the start of a line it does
// not look into them.
package console

import (
	"context"
	"errors"
	"io"
	"sync"
)

// RingSize is how much recent output is kept for those who attach, in bytes:
// enough for the 10,000 lines of a terminal's scrollback, unless they are longer
// than 400 bytes.
const RingSize = 4 << 20

// ReplayLines is how many lines an attachment begins with at most: as many as a
// terminal keeps, and a screen.
const ReplayLines = 10500

const (
	inputPiece = 4 << 10 // a longer Input is passed on in pieces
	inputDepth = 64      // pieces that wait while the guest does not read
)

// ErrClosed says that the console has ended: its VM is gone.
var ErrClosed = errors.New("the console is closed")

// A Console is safe for use by many goroutines. Output is never held up by an
// attachment, nor by input that the guest does not read.
type Console struct {
	log   io.Writer
	input chan []byte

	mu       sync.Mutex
	ring     ring
	changed  chan struct{} // closed and replaced when output comes or the end
	closed   chan struct{}
	attached int
}

// New makes a console that writes output also to log, whose errors are ignored:
// a full host disk must not stop the guest. log may be nil.
func New(log io.Writer) *Console { return sized(log, RingSize) }

func sized(log io.Writer, size int) *Console {
	if log == nil {
		log = io.Discard
	}
	return &Console{
		log:     log,
		input:   make(chan []byte, inputDepth),
		ring:    ring{buf: make([]byte, size)},
		changed: make(chan struct{}),
		closed:  make(chan struct{}),
	}
}

// Serve drains the guest's end of the line until it fails or Close is called,
// and writes queued input to it. It returns the read error, nil for io.EOF or
// Close, and closes line. One Serve at a time; a later one continues the same console.
func (c *Console) Serve(line io.ReadWriteCloser) error {
	done := make(chan struct{})
	var feeder sync.WaitGroup
	feeder.Go(func() { c.feed(line, done) })
	defer feeder.Wait()
	defer line.Close()
	defer close(done)
	buf := make([]byte, 32<<10)
	for {
		n, err := line.Read(buf)
		c.Output(buf[:n])
		if err != nil {
			return c.whyEnded(err)
		}
	}
}

func (c *Console) whyEnded(err error) error {
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

// feed is the one writer of input; it also ends the reading on Close.
func (c *Console) feed(line io.WriteCloser, done <-chan struct{}) {
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

// Output takes bytes as if the guest had sent them: call it where Serve does
// not. p is not kept.
func (c *Console) Output(p []byte) {
	if len(p) > 0 {
		_, _ = c.log.Write(p)
		c.Recall(p)
	}
}

// Recall adds text that is in the log already, from an earlier Console of the
// same VM. p is not kept.
func (c *Console) Recall(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ring.write(p)
	c.wake()
}

func (c *Console) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// Input queues bytes for the guest, in the order of the calls. It waits while
// the queue is full; when it returns nil the bytes reach the guest as soon as
// it reads, whatever becomes of the sender. p is not kept. A call whose context
// ends may have queued a part.
func (c *Console) Input(ctx context.Context, p []byte) error {
	for len(p) > 0 {
		piece := append([]byte(nil), p[:min(len(p), inputPiece)]...)
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

// Close ends the console: attachments read what is left, then io.EOF.
func (c *Console) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.closed:
	default:
		close(c.closed)
		c.wake()
	}
}

// Attached counts the attachments that are open.
func (c *Console) Attached() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.attached
}
