package supervisor

import (
	"reflect"
	"sync"
	"time"

	"vmterminal/vm/supervisor/client"
)

// stateBroadcaster holds the VM's state and sends an event to all subscribers when it
// changes.
type stateBroadcaster struct {
	mu          sync.Mutex
	current     client.State
	subscribers map[chan client.Event]struct{}
}

// eventBuffer is how many events are buffered for a slow subscriber. If there are more,
// the oldest are dropped, which is safe because each event has the whole state.
const eventBuffer = 16

func newStateBroadcaster(s client.State) *stateBroadcaster {
	return &stateBroadcaster{current: s, subscribers: make(map[chan client.Event]struct{})}
}

func (b *stateBroadcaster) get() client.State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.current
}

// update changes the state and sends an event if the change is visible to subscribers.
func (b *stateBroadcaster) update(kind string, change func(*client.State)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.current
	change(&b.current)
	if sameState(before, b.current) {
		return
	}
	for ch := range b.subscribers {
		sendDroppingOldest(ch, client.Event{Time: time.Now().UTC(), Kind: kind, State: b.current})
	}
}

// setRunning sets the state to Running unless the VM is stopping.
func (b *stateBroadcaster) setRunning() {
	b.update(client.EventState, func(s *client.State) {
		if s.State != client.Stopping {
			s.State, s.PauseReason = client.Running, client.PauseReason{}
		}
	})
}

// sameState reports whether a and b are equal for subscribers. Addresses change too
// often for events; clients poll them.
func sameState(a, b client.State) bool {
	a.Addresses, b.Addresses = nil, nil
	return reflect.DeepEqual(a, b)
}

// sendDroppingOldest sends e, dropping the oldest event if ch is full. It never blocks:
// the broadcaster's mutex excludes other senders, so the dropped event's slot stays free.
func sendDroppingOldest(ch chan client.Event, e client.Event) {
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

// subscribe returns a channel whose first event has the current state.
func (b *stateBroadcaster) subscribe() (events <-chan client.Event, unsubscribe func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ch := make(chan client.Event, eventBuffer)
	b.subscribers[ch] = struct{}{}
	ch <- client.Event{Time: time.Now().UTC(), Kind: client.EventState, State: b.current}
	return ch, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.subscribers, ch)
	}
}
