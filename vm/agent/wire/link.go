package wire

import (
	"io"
	"sync"
	"time"
)

const (
	// StallTimeout is how long an incomplete frame is kept if no more data arrives.
	StallTimeout = time.Second

	readSize = 64 << 10
	// After junkLimit bytes without a useful frame, each read is followed by junkPause, so
	// that a flooding peer does not use much CPU time.
	junkLimit = 256 << 10
	junkPause = 20 * time.Millisecond
)

// Receive reads frames from r and calls handle for each, one at a time, until reading
// fails; it returns that error. handle must not block and reports whether the frame was
// useful. It may be called from goroutines other than Receive's, but never concurrently.
func Receive(r io.Reader, handle func(Frame) bool) error {
	c := &receiver{handle: handle}
	defer c.stop()
	buf := make([]byte, readSize)
	for {
		n, err := r.Read(buf)
		if n > 0 && c.receive(buf[:n]) > junkLimit {
			time.Sleep(junkPause)
		}
		if err != nil {
			return err
		}
	}
}

type receiver struct {
	handle func(Frame) bool

	mu         sync.Mutex
	dec        Decoder
	junk       int
	feeds      uint64
	stallTimer *time.Timer
	isStopped  bool
}

// receive handles the frames in p and returns how many bytes have arrived since the last
// useful frame.
func (c *receiver) receive(p []byte) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.feeds++
	c.junk += len(p)
	c.dec.Feed(p)
	c.deliverFrames()
	return c.junk
}

// deliverFrames calls handle for the complete frames and starts a timer for an incomplete one.
// The timer restarts whenever data arrives.
func (c *receiver) deliverFrames() {
	for {
		f, ok := c.dec.Next()
		if !ok {
			break
		}
		if c.handle(f) {
			c.junk = 0
		}
	}
	if c.stallTimer != nil {
		c.stallTimer.Stop()
	}
	if c.dec.HasIncomplete() && !c.isStopped {
		fed := c.feeds
		c.stallTimer = time.AfterFunc(StallTimeout, func() { c.dropIncomplete(fed) })
	}
}

func (c *receiver) dropIncomplete(fed uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isStopped || c.feeds != fed {
		return
	}
	c.dec.DropIncomplete()
	c.deliverFrames()
}

func (c *receiver) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isStopped = true
	if c.stallTimer != nil {
		c.stallTimer.Stop()
	}
}
