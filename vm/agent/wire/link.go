package wire

import (
	"io"
	"sync"
	"time"
)

const (
	// StallTime is how long a frame may stand unfinished with nothing more
	// arriving before it is given up.
	StallTime = time.Second

	readSize = 64 << 10
	// After this many bytes that were of no use, reading is slowed, so that a
	// peer that floods costs little.
	uselessLimit = 256 << 10
	uselessPause = 20 * time.Millisecond
)

// Receive reads frames from r and hands each to handle, one at a time, until
// reading fails; it returns that error. handle says whether the frame was of
// use and must not block. It may be called from another goroutine than
// Receive's, never from two at once.
func Receive(r io.Reader, handle func(Frame) bool) error {
	c := &receiver{handle: handle}
	defer c.stop()
	buf := make([]byte, readSize)
	for {
		n, err := r.Read(buf)
		if n > 0 && c.take(buf[:n]) > uselessLimit {
			time.Sleep(uselessPause)
		}
		if err != nil {
			return err
		}
	}
}

type receiver struct {
	handle func(Frame) bool

	mu      sync.Mutex
	dec     Decoder
	useless int
	fed     uint64
	stall   *time.Timer
	stopped bool
}

// take returns how many bytes arrived since the last useful frame.
func (c *receiver) take(p []byte) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fed++
	c.useless += len(p)
	c.dec.Feed(p)
	c.deliver()
	return c.useless
}

// deliver hands on the whole frames and watches over an unfinished one. A long
// frame that keeps arriving is no stall: only silence is.
func (c *receiver) deliver() {
	for {
		f, ok := c.dec.Next()
		if !ok {
			break
		}
		if c.handle(f) {
			c.useless = 0
		}
	}
	if c.stall != nil {
		c.stall.Stop()
	}
	if c.dec.Pending() && !c.stopped {
		fed := c.fed
		c.stall = time.AfterFunc(StallTime, func() { c.giveUp(fed) })
	}
}

func (c *receiver) giveUp(fed uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped || c.fed != fed {
		return
	}
	c.dec.GiveUp()
	c.deliver()
}

func (c *receiver) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	if c.stall != nil {
		c.stall.Stop()
	}
}
