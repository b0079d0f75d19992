package wire

import (
	"context"
	"encoding/binary"
	"io"
	"sync"
)

// Window is how many bytes of a channel may be under way, not yet taken by the
// receiver.
const Window = 256 << 10

// An Allowance is what a sender may still send. One goroutine takes, any adds.
type Allowance struct {
	mu   sync.Mutex
	left int
	more chan struct{}
}

// NewAllowance returns a full window.
func NewAllowance() *Allowance {
	return &Allowance{left: Window, more: make(chan struct{}, 1)}
}

// Add gives back n bytes. More than a window is never lent, whatever a peer
// says.
func (a *Allowance) Add(n int) {
	a.mu.Lock()
	if n > 0 {
		a.left = min(a.left+min(n, Window), Window)
	}
	a.mu.Unlock()
	select {
	case a.more <- struct{}{}:
	default:
	}
}

// Take waits until something may be sent and takes at most limit bytes of it.
func (a *Allowance) Take(ctx context.Context, limit int) (int, error) {
	for {
		a.mu.Lock()
		n := min(a.left, limit)
		a.left -= n
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

// An Inbox holds what arrived on a channel and was not consumed: at most a
// window. One goroutine puts, one takes.
type Inbox struct {
	mu    sync.Mutex
	buf   []byte
	owed  int
	ended bool
	more  chan struct{}
}

// NewInbox returns an empty Inbox.
func NewInbox() *Inbox { return &Inbox{more: make(chan struct{}, 1)} }

// Put adds bytes. It returns false, and keeps nothing, when the sender had no
// right to send them: after the end, or beyond the window.
func (b *Inbox) Put(p []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended || b.owed+len(p) > Window {
		return false
	}
	b.owed += len(p)
	b.buf = append(b.buf, p...)
	b.wake()
	return true
}

// End says that no more will be put.
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

// Take waits for bytes and returns all there are, or io.EOF after the end. The
// caller owes the sender a Credit for them, see Consumed.
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

// Consumed makes room for n more bytes; call it before sending the Credit.
func (b *Inbox) Consumed(n int) {
	b.mu.Lock()
	b.owed -= n
	b.mu.Unlock()
}

// CreditPayload is the payload of a Credit for n bytes.
func CreditPayload(n int) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(n))
}

// ParseCredit reads a Credit's payload; 0 when it is none.
func ParseCredit(payload []byte) int {
	if len(payload) != 4 {
		return 0
	}
	return int(min(binary.BigEndian.Uint32(payload), Window))
}
