package console

import (
	"context"
	"fmt"
	"io"
)

// An Attachment reads the console's output from some point on. Only one goroutine may
// read; Close may be called from another one.
type Attachment struct {
	c       *Console
	pos     int64
	pending []byte // returned by Read before the output at pos
	closed  chan struct{}
}

// Attach returns an attachment that reads about the last replay bytes, from the start of a
// line and at most ReplayLines lines, and then live output, without gaps or repetition. A
// negative replay means everything that is stored. Terminal queries of programs in the guest
// are left out of the replay, since it is too late to answer them.
func (c *Console) Attach(replay int) *Attachment {
	if replay < 0 || replay > RingSize {
		replay = RingSize
	}
	recent, end := c.addAttachment(replay)
	// The lock is not held here: removing the queries may take a tenth of a second.
	return &Attachment{c: c, pos: end, pending: removeQueries(recent), closed: make(chan struct{})}
}

// addAttachment counts a new attachment and returns the text to replay and the position after it.
func (c *Console) addAttachment(replay int) (recent []byte, end int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.attached++
	from := c.ring.startNear(c.ring.end - int64(replay))
	recent = make([]byte, c.ring.end-from)
	c.ring.read(recent, from)
	return LastLines(recent, ReplayLines), c.ring.end
}

// Read waits for output and copies it into p. If the reader is so slow that unread output is
// no longer stored, Read continues at the oldest stored line, after the text of SkipNote.
// When the console has ended, Read returns the remaining output, then io.EOF.
func (a *Attachment) Read(ctx context.Context, p []byte) (int, error) {
	for {
		n, changed, err := a.readAvailable(p)
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
		select {
		case <-changed:
		case <-a.closed:
			return 0, io.EOF
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func (a *Attachment) readAvailable(p []byte) (int, <-chan struct{}, error) {
	c := a.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(a.pending) == 0 && a.pos < c.ring.oldest() {
		at := c.ring.startNear(c.ring.oldest())
		a.pending = []byte(SkipNote(at - a.pos))
		a.pos = at
	}
	if len(a.pending) > 0 {
		n := copy(p, a.pending)
		a.pending = a.pending[n:]
		return n, nil, nil
	}
	if n := c.ring.read(p, a.pos); n > 0 {
		a.pos += int64(n)
		return n, nil, nil
	}
	select {
	case <-c.closed:
		return 0, nil, io.EOF
	default:
		return 0, c.changed, nil
	}
}

// SkipNote returns the line that replaces n bytes of skipped output. It starts with CAN,
// which ends an escape sequence that was cut off.
func SkipNote(n int64) string {
	return fmt.Sprintf("\x18\x1b[0m\r\n[%d bytes of output skipped]\r\n", n)
}

// Close ends the attachment and a waiting Read.
func (a *Attachment) Close() {
	a.c.mu.Lock()
	defer a.c.mu.Unlock()
	select {
	case <-a.closed:
	default:
		close(a.closed)
		a.c.attached--
	}
}
