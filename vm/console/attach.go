package console

import (
	"context"
	"fmt"
	"io"
)

// An Attachment reads the console's output from some point on. One goroutine
// reads it; Close may come from any other, once.
type Attachment struct {
	c     *Console
	pos   int64
	next  []byte // to be read before what is at pos
	ended chan struct{}
}

// Attach begins with about the last replay bytes, from the start of a line, but
// with no more than ReplayLines lines, and goes on live, without gap or
// repetition. A negative replay means all that is kept. What a program in the guest asked its terminal is left out of the
// replay: it has had its answer, or has given up.
func (c *Console) Attach(replay int) *Attachment {
	if replay < 0 || replay > RingSize {
		replay = RingSize
	}
	recent, end := c.join(replay)
	// The search may take a tenth of a second: output goes on.
	return &Attachment{c: c, pos: end, next: withoutQueries(recent), ended: make(chan struct{})}
}

// join counts one more attachment and returns the text it begins with, and the
// position after that.
func (c *Console) join(replay int) (recent []byte, end int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.attached++
	from := c.ring.startNear(c.ring.end - int64(replay))
	recent = make([]byte, c.ring.end-from)
	c.ring.read(recent, from)
	return LastLines(recent, ReplayLines), c.ring.end
}

// Read waits for output and copies it into p. A reader so slow that the output
// it has not read is no longer kept goes on at the oldest line that is; where
// that happened it reads the text of SkipNote. At the console's end it reads
// what is left, then io.EOF.
func (a *Attachment) Read(ctx context.Context, p []byte) (int, error) {
	for {
		n, changed, err := a.take(p)
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
		select {
		case <-changed:
		case <-a.ended:
			return 0, io.EOF
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func (a *Attachment) take(p []byte) (int, <-chan struct{}, error) {
	c := a.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(a.next) == 0 && a.pos < c.ring.oldest() {
		at := c.ring.startNear(c.ring.oldest())
		a.next = []byte(SkipNote(at - a.pos))
		a.pos = at
	}
	if len(a.next) > 0 {
		n := copy(p, a.next)
		a.next = a.next[n:]
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

// SkipNote is the line that stands for n bytes left out. It begins with CAN,
// which ends an escape sequence that was cut in two.
func SkipNote(n int64) string {
	return fmt.Sprintf("\x18\x1b[0m\r\n[%d bytes of output skipped]\r\n", n)
}

// Close ends the attachment and a Read that waits.
func (a *Attachment) Close() {
	a.c.mu.Lock()
	defer a.c.mu.Unlock()
	select {
	case <-a.ended:
	default:
		close(a.ended)
		a.c.attached--
	}
}
