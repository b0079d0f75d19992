package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"vmterminal/vm/agent"
	"vmterminal/vm/qemu"
)

const (
	agentLimit   = 3 * time.Second
	syncLimit    = 10 * time.Second
	addressLimit = 300 * time.Millisecond // that State waits for addresses
	freshFor     = 5 * time.Second        // addresses are not asked for more often
	dialAgain    = time.Second
)

// guestAgent is what the host process needs of the agent in the guest; see
// agent.Client.
type guestAgent interface {
	Hello(ctx context.Context) (agent.Info, error)
	Info(ctx context.Context) (agent.Info, error)
	Resize(ctx context.Context, cols, rows int) error
	Sync(ctx context.Context) error
	Freeze(ctx context.Context) error
	Thaw(ctx context.Context) error
	PowerOff(ctx context.Context) error
	Run(ctx context.Context, command agent.Command) (exit int, err error)
	Identify(ctx context.Context, who agent.Identity) (agent.Identified, error)
	Mount(ctx context.Context, mounts []agent.Mount) (problems []string, err error)
	Ready() <-chan struct{}
	Done() <-chan struct{}
	Close() error
}

func dialAgent(ctx context.Context, socket string) (guestAgent, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	return agent.NewClient(conn), nil
}

// agentLink knows whether the guest's agent answers, through its reboots, and
// keeps what is to be told it.
type agentLink struct {
	board  *board
	dial   func(ctx context.Context, socket string) (guestAgent, error)
	limit  time.Duration // for the agent to answer one request
	silent chan struct{} // see doubt
	who    agent.Identity
	note   func(text string) // of what came of telling it
	shares []Share           // what the guest is to mount

	mu         sync.Mutex
	agent      guestAgent // nil while it does not answer
	cols, rows int        // the console's size, once known
	addresses  []string
	asked      time.Time     // when addresses were asked for
	answered   chan struct{} // closed when that has ended
	end        func()
}

func newAgentLink(b *board, who agent.Identity, note func(string)) *agentLink {
	return &agentLink{
		board: b, dial: dialAgent, limit: agentLimit, silent: make(chan struct{}, 1),
		who: who, note: note,
	}
}

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
			if a, err := l.dial(ctx, socket); err == nil {
				l.follow(ctx, a)
				a.Close() //nolint:errcheck // nothing is lost with it
			}
			select {
			case <-time.After(dialAgain):
			case <-ctx.Done():
			}
		}
	}()
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

// follow waits for the agent's hello, and asks for it anew each time that it
// starts again or falls silent.
func (l *agentLink) follow(ctx context.Context, a guestAgent) {
	i := introduction{link: l, agent: a}
	defer i.end()
	for {
		info, err := a.Hello(ctx)
		if err != nil {
			return
		}
		for err == nil {
			// First this: who waits for the agent may care which VM it is in.
			i.begin(ctx)
			l.mountShares(ctx, a)
			l.set(a, info)
			_ = l.tellSize(ctx)
			select {
			case <-a.Ready():
			case <-l.silent:
			case <-a.Done():
			case <-ctx.Done():
			}
			// An agent that still answers need not look absent meanwhile.
			limited, cancel := context.WithTimeout(ctx, l.limit)
			info, err = a.Hello(limited)
			cancel()
		}
		l.set(nil, agent.Info{})
	}
}

// doubt makes sure that the agent still answers: the guest may have rebooted,
// or a request was not answered.
func (l *agentLink) doubt() {
	select {
	case l.silent <- struct{}{}:
	default:
	}
}

// set notes that the agent answers, or for nil that it does not.
func (l *agentLink) set(a guestAgent, info agent.Info) {
	l.mu.Lock()
	l.agent = a
	l.addresses, l.asked = texts(info), time.Time{}
	l.mu.Unlock()
	l.board.update(EventAgent, func(s *State) { s.Agent, s.AgentVersion = a != nil, info.Version })
}

func texts(info agent.Info) []string {
	var list []string
	for _, a := range info.Addresses {
		list = append(list, a.String())
	}
	return list
}

// current is the agent if it answers, else nil.
func (l *agentLink) current() guestAgent {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.agent
}

// ask puts one question to the agent, if it answers. An agent that lets it pass
// counts as silent until its next hello.
func (l *agentLink) ask(ctx context.Context, question func(context.Context, guestAgent) error) error {
	a := l.current()
	if a == nil {
		return ErrNoAgent
	}
	limited, cancel := context.WithTimeout(ctx, l.limit)
	defer cancel()
	err := question(limited, a)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		l.doubt()
		return fmt.Errorf("%w: %w", ErrNoAgent, err)
	}
	return err
}

// powerOff asks the guest to power off in order.
func (l *agentLink) powerOff(ctx context.Context) error {
	return l.ask(ctx, func(ctx context.Context, a guestAgent) error { return a.PowerOff(ctx) })
}

// freezer returns what makes the guest's file systems quiet and frees them
// again, or nils when the agent does not answer right now. The guest has written
// out what it held then, as far as it could soon.
func (l *agentLink) freezer(ctx context.Context) (freeze, thaw func(context.Context) error) {
	var flush func(context.Context) error
	_ = l.ask(ctx, func(ctx context.Context, a guestAgent) error {
		_, err := a.Info(ctx)
		if err == nil {
			flush, freeze, thaw = a.Sync, a.Freeze, thawing(a)
		}
		return err
	})
	if flush != nil {
		ctx, cancel := context.WithTimeout(ctx, syncLimit)
		defer cancel()
		_ = flush(ctx) // an agent that knows no sync, or is slow, is only held longer
	}
	return freeze, thaw
}

// thawing is the agent's thaw, which tells a guest that had thawed by itself
// from one that may still be frozen.
func thawing(a guestAgent) func(context.Context) error {
	return func(ctx context.Context) error {
		err := a.Thaw(ctx)
		if errors.Is(err, agent.ErrWrongState) {
			err = fmt.Errorf("%w (it does so after %v)", qemu.ErrThawedBefore, agent.FreezeLimit)
		}
		return err
	}
}

// resize tells the guest the console's size, now or when its agent answers.
func (l *agentLink) resize(ctx context.Context, cols, rows int) error {
	if cols < 1 || rows < 1 || cols > 10000 || rows > 10000 {
		return fmt.Errorf("no size for a console: %d x %d", cols, rows)
	}
	l.mu.Lock()
	l.cols, l.rows = cols, rows
	known := l.agent != nil
	l.mu.Unlock()
	if !known {
		return nil
	}
	return l.tellSize(ctx)
}

func (l *agentLink) tellSize(ctx context.Context) error {
	return l.ask(ctx, func(ctx context.Context, a guestAgent) error {
		l.mu.Lock()
		cols, rows := l.cols, l.rows // the newest
		l.mu.Unlock()
		if cols == 0 {
			return nil
		}
		return a.Resize(ctx, cols, rows)
	})
}

// recentAddresses returns the guest's addresses as of a few seconds ago. A
// guest that is slow to answer costs no more than addressLimit; then they are
// those known before.
func (l *agentLink) recentAddresses(ctx context.Context) []string {
	l.mu.Lock()
	if l.agent != nil && time.Since(l.asked) > freshFor {
		l.asked = time.Now()
		l.answered = make(chan struct{})
		go l.askAddresses(l.answered) //nolint:gosec // it outlives ctx, see there
	}
	answered := l.answered
	l.mu.Unlock()
	if answered != nil {
		timer := time.NewTimer(addressLimit)
		defer timer.Stop()
		select {
		case <-answered:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.addresses
}

// askAddresses outlives the State that began it, so that a slow answer serves
// the next one.
func (l *agentLink) askAddresses(answered chan<- struct{}) {
	defer close(answered)
	_ = l.ask(context.Background(), func(ctx context.Context, a guestAgent) error {
		info, err := a.Info(ctx)
		l.mu.Lock()
		defer l.mu.Unlock()
		if err == nil && l.agent == a {
			l.addresses = texts(info)
		}
		return err
	})
}
