package wire

import (
	"context"
	"encoding/binary"
	"io"
	"sync"
)

// Window is how many bytes of a channel may be sent before the receiver has consumed
// them.
const Window = 256 << 10

// A SendWindow counts the bytes that may still be sent on a channel. Acquire must be
// called from one goroutine at a time, Add from any.
type SendWindow struct {
	mu        sync.Mutex
	available int
	more      chan struct{}
}

// NewSendWindow returns a SendWindow with Window bytes.
func NewSendWindow() *SendWindow {
	return &SendWindow{available: Window, more: make(chan struct{}, 1)}
}

// Add makes n more bytes available, but never more than Window in total.
func (a *SendWindow) Add(n int) {
	a.mu.Lock()
	if n > 0 {
		a.available = min(a.available+min(n, Window), Window)
	}
	a.mu.Unlock()
	select {
	case a.more <- struct{}{}:
	default:
	}
}

// Acquire waits until bytes may be sent, and returns how many it acquired, at most limit.
func (a *SendWindow) Acquire(ctx context.Context, limit int) (int, error) {
	for {
		a.mu.Lock()
		n := min(a.available, limit)
		a.available -= n
		a.mu.Unlock()
		if n > 0 {
			return n, nil
		}
		select {
		case <-a.more:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// An Inbox buffers the data received on a channel, at most Window bytes. Put and Take may
// be called concurrently, each from one goroutine.
type Inbox struct {
	mu             sync.Mutex
	buf            []byte
	unacknowledged int
	ended          bool
	more           chan struct{}
}

// NewInbox returns an empty Inbox.
func NewInbox() *Inbox { return &Inbox{more: make(chan struct{}, 1)} }

// Put adds bytes. If the sender was not allowed to send them, after the end or beyond
// the window, it discards them and returns false.
func (b *Inbox) Put(p []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended || b.unacknowledged+len(p) > Window {
		return false
	}
	b.unacknowledged += len(p)
	b.buf = append(b.buf, p...)
	b.wake()
	return true
}

// End marks the end of the data.
func (b *Inbox) End() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	b.wake()
}

func (b *Inbox) wake() {
	select {
	case b.more <- struct{}{}:
	default:
	}
}

// Take waits for data and returns all of it, or io.EOF after the end. After processing
// the data, the caller must call Release and send a Credit.
func (b *Inbox) Take(ctx context.Context) ([]byte, error) {
	for {
		b.mu.Lock()
		p, ended := b.buf, b.ended
		b.buf = nil
		b.mu.Unlock()
		if len(p) > 0 {
			return p, nil
		}
		if ended {
			return nil, io.EOF
		}
		select {
		case <-b.more:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// Release makes room for n more bytes; call it before sending the Credit.
func (b *Inbox) Release(n int) {
	b.mu.Lock()
	b.unacknowledged -= n
	b.mu.Unlock()
}

// CreditPayload returns the payload of a Credit for n bytes.
func CreditPayload(n int) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(n))
}

// ParseCredit parses the payload of a Credit. It returns 0 if the payload is invalid.
func ParseCredit(payload []byte) int {
	if len(payload) != 4 {
		return 0
	}
	return int(min(binary.BigEndian.Uint32(payload), Window))
}
