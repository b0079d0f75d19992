package host

import (
	"slices"
	"sync"
	"time"
)

// board holds the VM's state and tells all who listen when it changes.
type board struct {
	mu        sync.Mutex
	state     State
	listeners map[chan Event]struct{}
}

// eventDepth is how many events wait for a slow listener. Then the oldest are
// dropped: each carries the whole state.
const eventDepth = 16

func newBoard(s State) *board {
	return &board{state: s, listeners: make(map[chan Event]struct{})}
}

func (b *board) get() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}

// update changes the state, and tells everyone if that made a difference they
// can see.
func (b *board) update(kind string, change func(*State)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.state
	change(&b.state)
	if sameState(before, b.state) {
		return
	}
	for ch := range b.listeners {
		offer(ch, Event{Time: time.Now().UTC(), Kind: kind, State: b.state})
	}
}

func sameState(a, b State) bool {
	a.Addresses, b.Addresses = nil, nil
	return a.Version == b.Version && a.Name == b.Name && a.State == b.State && a.Reason == b.Reason &&
		a.Accelerator == b.Accelerator && a.Why == b.Why && a.Since.Equal(b.Since) &&
		a.QEMUPID == b.QEMUPID && a.Agent == b.Agent && a.AgentVersion == b.AgentVersion &&
		slices.Equal(a.Shares, b.Shares) && (a.Forwards == nil) == (b.Forwards == nil) &&
		slices.Equal(a.Forwards, b.Forwards) && a.Attached == b.Attached && a.PointInTime == b.PointInTime
}

// offer never waits. Only the board sends, under its mutex, so after one is
// taken out there is room.
func offer(ch chan Event, e Event) {
	for {
		select {
		case ch <- e:
			return
		default:
		}
		select {
		case <-ch:
		default:
		}
	}
}

// listen returns a channel whose first event tells how things are; end gives it
// back.
func (b *board) listen() (events <-chan Event, end func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ch := make(chan Event, eventDepth)
	b.listeners[ch] = struct{}{}
	ch <- Event{Time: time.Now().UTC(), Kind: EventState, State: b.state}
	return ch, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.listeners, ch)
	}
}
