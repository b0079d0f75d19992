package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"vmterminal/vm/agent"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

const (
	agentTimeout   = 3 * time.Second
	syncTimeout    = 10 * time.Second
	addressTimeout = 300 * time.Millisecond // how long a state request waits for addresses
	addressMaxAge  = 5 * time.Second        // older addresses are requested again
	redialInterval = time.Second
)

// guestAgent is the part of [agent.Client] that the supervisor uses.
type guestAgent interface {
	Hello(ctx context.Context) (agent.Info, error)
	Info(ctx context.Context) (agent.Info, error)
	Resize(ctx context.Context, cols, rows int) error
	Sync(ctx context.Context) error
	Freeze(ctx context.Context) error
	Thaw(ctx context.Context) error
	PowerOff(ctx context.Context) error
	Programs(ctx context.Context) ([]string, error)
	Run(ctx context.Context, command agent.Command) (exit int, err error)
	Identify(ctx context.Context, who agent.Identity) (agent.IdentityResult, error)
	SetClock(ctx context.Context, now time.Time) (moved time.Duration, err error)
	Mount(ctx context.Context, mounts []agent.Mount) (problems []string, err error)
	Ready() <-chan struct{}
	Starts() int
	Done() <-chan struct{}
	Close() error
}

func (l *agentLink) dialAgent(ctx context.Context, socket string) (guestAgent, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	return agent.NewClient(conn, l.log), nil
}

// agentLink maintains the connection to the guest's agent across reboots and sends it
// the identity, shares, clock and console size after each start.
type agentLink struct {
	state    *stateBroadcaster
	dial     func(ctx context.Context, socket string) (guestAgent, error)
	timeout  time.Duration // how long the agent may take to answer a request
	recheck  chan struct{} // see requestCheck
	identity agent.Identity
	logNote  func(text string)
	log      *slog.Logger
	shares   []Share      // for the guest to mount
	hellos   helloLimiter // used only by watch

	mu                 sync.Mutex
	agent              guestAgent    // nil while it does not answer
	lost               chan struct{} // see lostSignal
	cols, rows         int           // size of the console, once known
	addresses          []string
	addressesRequested time.Time
	addressesReceived  chan struct{} // closed when the latest request has succeeded or failed
	stop               func()
}

func newAgentLink(b *stateBroadcaster, who agent.Identity, note func(string)) *agentLink {
	l := &agentLink{
		state: b, timeout: agentTimeout, recheck: make(chan struct{}, 1), lost: make(chan struct{}),
		identity: who, logNote: note, hellos: newHelloLimiter(), log: slog.New(slog.DiscardHandler),
	}
	l.dial = l.dialAgent
	return l
}

// connect connects to the agent in the background, and reconnects until gone is closed
// or close is called.
func (l *agentLink) connect(socket string, gone <-chan struct{}) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	l.mu.Lock()
	l.stop = func() { cancel(); <-ended }
	l.mu.Unlock()
	go func() {
		select {
		case <-gone:
			cancel()
		case <-ctx.Done():
		}
	}()
	go l.watchHostClock(ctx)
	go func() {
		defer close(ended)
		for attempt := 1; ctx.Err() == nil; attempt++ {
			a, err := l.dial(ctx, socket)
			l.log.LogAttrs(ctx, slog.LevelDebug, "connect to the agent's port", slog.Int("attempt", attempt), slog.Bool("connected", err == nil))
			if err == nil {
				l.watch(ctx, a)
				a.Close() //nolint:errcheck // nothing was written
			}
			select {
			case <-time.After(redialInterval):
			case <-ctx.Done():
			}
		}
	}()
}

// close stops connecting and closes the connection.
func (l *agentLink) close() {
	l.mu.Lock()
	end := l.stop
	l.mu.Unlock()
	if end != nil {
		end()
	}
}

// watch sends a hello to the agent, and another each time the agent restarts or stops
// answering.
func (l *agentLink) watch(ctx context.Context, a guestAgent) {
	i := identification{link: l, agent: a}
	defer i.cancelAndWait()
	for {
		info, err := a.Hello(ctx)
		if err != nil {
			return
		}
		for err == nil {
			if !l.waitForHelloLimit(ctx, a) {
				return
			}
			// The identity comes first: clients that wait for the agent may depend on it.
			i.sendIdentity(ctx)
			l.setAgentClock(ctx, a)
			l.mountShares(ctx, a)
			l.setAgent(a, info)
			l.log.LogAttrs(ctx, slog.LevelDebug, "agent answers", slog.Int("version", info.Version), slog.Int("starts", a.Starts()))
			_ = l.sendSize(ctx)
			select {
			case <-a.Ready():
			case <-l.recheck:
			case <-a.Done():
			case <-ctx.Done():
			}
			// The agent stays the current one during this request, as it may still answer.
			limited, cancel := context.WithTimeout(ctx, l.timeout)
			info, err = a.Hello(limited)
			cancel()
		}
		l.setAgent(nil, agent.Info{})
		l.log.LogAttrs(ctx, slog.LevelDebug, "agent stopped answering")
	}
}

// waitForHelloLimit waits until the rate limit allows handling the agent's latest
// hello. It returns false if the connection is closed first.
func (l *agentLink) waitForHelloLimit(ctx context.Context, a guestAgent) bool {
	if ctx.Err() != nil {
		return false
	}
	wait, note := l.hellos.delay(a.Starts())
	if note != "" {
		l.logNote(note)
	}
	if wait == 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-a.Done():
	case <-ctx.Done():
	}
	return false
}

// requestCheck makes watch check whether the agent still answers, after a reboot of
// the guest or a request without an answer.
func (l *agentLink) requestCheck() {
	select {
	case l.recheck <- struct{}{}:
	default:
	}
}

// portClosed handles the exit of the agent: no process in the guest has its port open.
func (l *agentLink) portClosed() {
	l.mu.Lock()
	close(l.lost)
	l.lost = make(chan struct{})
	l.mu.Unlock()
	l.setAgent(nil, agent.Info{})
	l.requestCheck()
}

// lostSignal returns a channel that is closed when the current agent exits.
func (l *agentLink) lostSignal() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// setAgent records that the agent a answers or, if a is nil, that no agent does.
func (l *agentLink) setAgent(a guestAgent, info agent.Info) {
	l.mu.Lock()
	l.agent = a
	l.addresses, l.addressesRequested = addressStrings(info), time.Time{}
	l.mu.Unlock()
	l.state.update(client.EventAgent, func(s *client.State) {
		switch {
		case a != nil:
			s.AgentLost = time.Time{}
		case s.Agent:
			s.AgentLost = time.Now().UTC()
		}
		s.Agent, s.AgentVersion = a != nil, info.Version
	})
}

func addressStrings(info agent.Info) []string {
	var list []string
	for _, a := range info.Addresses {
		list = append(list, a.String())
	}
	return list
}

// current returns the agent, or nil if it does not answer.
func (l *agentLink) current() guestAgent {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.agent
}

// callAgent calls send with the agent and a timeout. After a timeout, watch sends another
// hello.
func (l *agentLink) callAgent(ctx context.Context, send func(context.Context, guestAgent) error) error {
	a := l.current()
	if a == nil {
		return client.ErrNoAgent
	}
	limited, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	err := send(limited, a)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		l.requestCheck()
		return fmt.Errorf("%w: %w", client.ErrNoAgent, err)
	}
	return err
}

func (l *agentLink) powerOff(ctx context.Context) error {
	return l.callAgent(ctx, func(ctx context.Context, a guestAgent) error { return a.PowerOff(ctx) })
}

// freezeFuncs returns the functions that freeze and thaw the guest's file systems. It
// first makes the guest write its caches to the disk, for a limited time.
func (l *agentLink) freezeFuncs(ctx context.Context) (freeze, thaw func(context.Context) error, err error) {
	var flush func(context.Context) error
	err = l.callAgent(ctx, func(ctx context.Context, a guestAgent) error {
		_, err := a.Info(ctx)
		if err == nil {
			flush, freeze, thaw = a.Sync, a.Freeze, thawFunc(a)
		}
		return err
	})
	if flush != nil {
		ctx, cancel := context.WithTimeout(ctx, syncTimeout)
		defer cancel()
		_ = flush(ctx) // if it fails, freezing only takes longer
	}
	return freeze, thaw, err
}

// thawFunc returns a function that calls a.Thaw. If the guest had thawed by itself, the
// error is qemu.ErrThawedBefore; after other errors it may still be frozen.
func thawFunc(a guestAgent) func(context.Context) error {
	return func(ctx context.Context) error {
		err := a.Thaw(ctx)
		if errors.Is(err, agent.ErrWrongState) {
			err = fmt.Errorf("%w (after %v)", qemu.ErrThawedBefore, agent.MaxFreezeTime)
		}
		return err
	}
}

// resize sets the size of the guest's console, now or when its agent answers.
func (l *agentLink) resize(ctx context.Context, cols, rows int) error {
	if cols < 1 || rows < 1 || cols > 10000 || rows > 10000 {
		return fmt.Errorf("invalid console size: %d x %d", cols, rows)
	}
	l.mu.Lock()
	l.cols, l.rows = cols, rows
	known := l.agent != nil
	l.mu.Unlock()
	if !known {
		return nil
	}
	return l.sendSize(ctx)
}

func (l *agentLink) sendSize(ctx context.Context) error {
	return l.callAgent(ctx, func(ctx context.Context, a guestAgent) error {
		l.mu.Lock()
		cols, rows := l.cols, l.rows
		l.mu.Unlock()
		if cols == 0 {
			return nil
		}
		return a.Resize(ctx, cols, rows)
	})
}

// recentAddresses returns the guest's addresses, which may be a few seconds old. If
// the guest does not answer within addressTimeout, it returns the previous addresses.
func (l *agentLink) recentAddresses(ctx context.Context) []string {
	l.mu.Lock()
	if l.agent != nil && time.Since(l.addressesRequested) > addressMaxAge {
		l.addressesRequested = time.Now()
		l.addressesReceived = make(chan struct{})
		go l.fetchAddresses(l.addressesReceived) //nolint:gosec // it outlives ctx
	}
	answered := l.addressesReceived
	l.mu.Unlock()
	if answered != nil {
		timer := time.NewTimer(addressTimeout)
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

// fetchAddresses requests the guest's addresses and closes answered. It outlives the
// state request that started it, so that a late answer can be used for the next one.
func (l *agentLink) fetchAddresses(answered chan<- struct{}) {
	defer close(answered)
	_ = l.callAgent(context.Background(), func(ctx context.Context, a guestAgent) error {
		info, err := a.Info(ctx)
		l.mu.Lock()
		defer l.mu.Unlock()
		if err == nil && l.agent == a {
			l.addresses = addressStrings(info)
		}
		return err
	})
}
