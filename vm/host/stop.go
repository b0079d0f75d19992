package host

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	askLimit  = 3 * time.Second // for the agent or QEMU to take a request
	askAgain  = 4 * time.Second // a guest that is still booting hears nothing
	quitLimit = 3 * time.Second // for QEMU to leave on quit
)

// stopping is the one stop of a VM that all who ask for it share. It goes on
// when they leave.
type stopping struct {
	begun context.Context // ended when it begins
	begin func()

	mu      sync.Mutex
	lines   []string
	changed chan struct{} // closed and replaced at each line

	force    context.Context // ended when waiting for the guest is over
	forceNow context.CancelFunc
	forced   string // how it was forced, "" if it was not
}

func newStopping() *stopping {
	s := &stopping{changed: make(chan struct{})}
	s.begun, s.begin = context.WithCancel(context.Background())
	s.force, s.forceNow = context.WithCancel(context.Background())
	return s
}

// say tells everyone who waits for the stop.
func (s *stopping) say(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
	close(s.changed)
	s.changed = make(chan struct{})
}

// since returns the lines after the first n, and where to wait for more.
func (s *stopping) since(n int) ([]string, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.lines[n:]...), s.changed
}

func (s *stopping) isBegun() bool { return s.begun.Err() != nil }

// over ends the waiting for the guest; how is told of the first cause.
func (s *stopping) over(how string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forced == "" {
		s.forced = how
	}
	s.forceNow()
}

func (s *stopping) howForced() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.forced
}

// requestStop begins to stop the VM, or joins a stop that has begun; a forced
// one does not wait for the guest any longer. It waits while the VM starts, not
// for its end, at which left is closed.
func (m *machine) requestStop(req StopRequest, why string) {
	grace := req.Grace
	if grace <= 0 {
		grace = m.spec.Grace
	}
	if req.Force {
		m.stopping.over("forced off on request")
	}
	m.starting.Lock() // or the stop would be of an engine that another replaces
	defer m.starting.Unlock()
	select {
	case <-m.left:
		return
	default:
	}
	if !m.stopping.isBegun() { // starting is held: nobody else begins it now
		m.stopping.begin()
		m.board.update(EventState, func(s *State) { s.State, s.Reason = Stopping, why })
		go m.shutDown(grace)
	}
}

// shutDown gives the guest its time, then cuts the power.
func (m *machine) shutDown(grace time.Duration) {
	s := m.stopping
	gone := m.currentEngine().gone
	if s.force.Err() == nil && m.waitForGuest(grace, gone) {
		return
	}
	s.say("cutting the power")
	_ = m.command(context.Background(), quitLimit, "quit")
	select {
	case <-gone:
		return
	case <-time.After(quitLimit):
	}
	s.say("QEMU does not leave; killing it")
	_ = m.currentEngine().kill()
}

// waitForGuest asks the guest to power off and tells whether it did in time.
func (m *machine) waitForGuest(grace time.Duration, gone <-chan struct{}) bool {
	s := m.stopping
	s.say(fmt.Sprintf("asking the guest to power off (at most %v)", grace))
	timer := time.NewTimer(grace)
	defer timer.Stop()
	again := time.NewTicker(askAgain)
	defer again.Stop()
	m.askGuest()
	for {
		select {
		case <-gone:
			return true
		case <-s.force.Done():
			return false
		case <-timer.C:
			s.say(fmt.Sprintf("the guest did not power off within %v", grace))
			s.over(fmt.Sprintf("forced after %v: the guest did not power off", grace))
			return false
		case <-again.C:
			m.askGuest()
		}
	}
}

// askGuest asks through the agent, or else presses the power button.
func (m *machine) askGuest() {
	ctx, cancel := context.WithTimeout(m.stopping.force, askLimit)
	defer cancel()
	_ = m.command(ctx, askLimit, "cont") // a paused guest hears nothing
	if m.agent.powerOff(ctx) != nil {
		_ = m.command(ctx, askLimit, "system_powerdown")
	}
}
