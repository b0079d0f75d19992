package host

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	freshFor     = 5 * time.Second        // addresses are not asked for more often
	addressLimit = 300 * time.Millisecond // a silent guest holds up no one
	helloAgain   = 500 * time.Millisecond // between attempts to reach the agent
	agentLimit   = 2 * time.Second        // for one request of ours
)

// guestAgent is what the host process asks of the agent in the guest, once it
// has said hello.
type guestAgent interface {
	Version() string
	PowerOff(ctx context.Context) error
	Freeze(ctx context.Context) error
	Thaw(ctx context.Context) error
	ResizeConsole(ctx context.Context, cols, rows int) error
	Addresses(ctx context.Context) ([]string, error)
	// Done is closed when the agent is not there any longer.
	Done() <-chan struct{}
	Close() error
}

// dialFunc connects to the agent's socket and waits for its hello, until ctx
// ends.
type dialFunc func(ctx context.Context, socket string) (guestAgent, error)

// agentLink keeps the connection to the agent through the guest's reboots.
type agentLink struct {
	board *board
	dial  dialFunc

	mu         sync.Mutex
	agent      guestAgent // nil while it does not answer
	cols, rows int        // the console's size, once known
	addresses  []string
	asked      time.Time // when addresses were asked for
	end        func()
}

func newAgentLink(b *board) *agentLink { return &agentLink{board: b, dial: dialAgent} }

// connect goes on reaching for the agent until gone is closed or close is
// called.
func (l *agentLink) connect(socket string, gone <-chan struct{}) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	l.mu.Lock()
	l.end = func() { cancel(); <-ended }
	l.mu.Unlock()
	go func() {
		select {
		case <-gone:
			cancel()
		case <-ctx.Done():
		}
	}()
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			if agent, err := l.dial(ctx, socket); err == nil {
				l.hold(ctx, agent)
			}
			select {
			case <-time.After(helloAgain):
			case <-ctx.Done():
			}
		}
	}()
}

// hold has the agent in use until it leaves.
func (l *agentLink) hold(ctx context.Context, agent guestAgent) {
	l.set(agent)
	l.board.update(EventAgent, func(s *State) { s.Agent, s.AgentVersion = true, agent.Version() })
	l.mu.Lock()
	cols, rows := l.cols, l.rows
	l.mu.Unlock()
	if cols > 0 {
		_ = l.ask(ctx, func(ctx context.Context) error { return agent.ResizeConsole(ctx, cols, rows) })
	}
	select {
	case <-agent.Done():
	case <-ctx.Done():
	}
	l.set(nil)
	l.board.update(EventAgent, func(s *State) { s.Agent, s.AgentVersion = false, "" })
	agent.Close() //nolint:errcheck // it is gone
}

func (l *agentLink) set(agent guestAgent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.agent = agent
	l.addresses, l.asked = nil, time.Time{}
}

func (l *agentLink) current() guestAgent {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.agent
}

// close ends the link.
func (l *agentLink) close() {
	l.mu.Lock()
	end := l.end
	l.mu.Unlock()
	if end != nil {
		end()
	}
}

func (l *agentLink) ask(ctx context.Context, question func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, agentLimit)
	defer cancel()
	return question(ctx)
}

// powerOff asks the guest to power off in order.
func (l *agentLink) powerOff(ctx context.Context) error {
	agent := l.current()
	if agent == nil {
		return ErrNoAgent
	}
	return l.ask(ctx, agent.PowerOff)
}

// freezer returns what makes the guest's file systems quiet, or nils.
func (l *agentLink) freezer() (freeze, thaw func(context.Context) error) {
	agent := l.current()
	if agent == nil {
		return nil, nil
	}
	return agent.Freeze, agent.Thaw
}

// resize tells the guest the console's size, now or when its agent answers.
func (l *agentLink) resize(ctx context.Context, cols, rows int) error {
	if cols < 1 || rows < 1 || cols > 10000 || rows > 10000 {
		return fmt.Errorf("no size for a console: %d x %d", cols, rows)
	}
	l.mu.Lock()
	l.cols, l.rows = cols, rows
	agent := l.agent
	l.mu.Unlock()
	if agent == nil {
		return nil
	}
	return l.ask(ctx, func(ctx context.Context) error { return agent.ResizeConsole(ctx, cols, rows) })
}

// recentAddresses returns the guest's addresses as of a few seconds ago at
// most. An agent that is slow to answer costs no more than addressLimit; then
// they are those known before.
func (l *agentLink) recentAddresses(ctx context.Context) []string {
	l.mu.Lock()
	agent, known, fresh := l.agent, l.addresses, time.Since(l.asked) < freshFor
	if agent == nil || fresh {
		l.mu.Unlock()
		return known
	}
	l.asked = time.Now()
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, addressLimit)
	defer cancel()
	addresses, err := agent.Addresses(ctx)
	if err != nil {
		return known
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.agent == agent {
		l.addresses = addresses
	}
	return addresses
}
