package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vmterminal/vm/agent"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// A fakeAgent records the requests that it answers.
type fakeAgent struct {
	ready, done  chan struct{}
	received     chan string
	clock        chan time.Time
	identifyGate chan struct{} // Identify waits until it is closed; may be nil
	identified   agent.IdentityResult
	identifyErr  error
	thawErr      error
	mounted      []string // the problems that Mount returns
	mountErr     error

	mu     sync.Mutex
	alive  chan struct{} // closed while it answers
	starts int
}

func newFakeAgent() *fakeAgent {
	return &fakeAgent{
		ready: make(chan struct{}, 1), done: make(chan struct{}), received: make(chan string, 100), clock: make(chan time.Time, 10),
		alive: make(chan struct{}),
	}
}

func (f *fakeAgent) answer(ctx context.Context, what string) error {
	f.mu.Lock()
	alive := f.alive
	f.mu.Unlock()
	select {
	case <-alive:
		f.received <- what
		return nil
	case <-f.done:
		return agent.ErrClosed
	case <-ctx.Done():
		return agent.ErrNoAnswer
	}
}

func (f *fakeAgent) startAnswering() {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.alive)
}

func (f *fakeAgent) stopAnswering() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.alive = make(chan struct{})
}

var fakeInfo = agent.Info{Version: 3, Addresses: []netip.Addr{netip.MustParseAddr("10.0.2.15")}}

func (f *fakeAgent) Hello(ctx context.Context) (agent.Info, error) {
	return fakeInfo, f.answer(ctx, "hello")
}

func (f *fakeAgent) Info(ctx context.Context) (agent.Info, error) {
	return fakeInfo, f.answer(ctx, "info")
}

func (f *fakeAgent) Run(ctx context.Context, c agent.Command) (int, error) {
	if c.Terminal != nil && len(c.Args) > 0 && c.Args[0] == "answer" {
		(<-c.Terminal.ForegroundQueries)("vim", nil)
		(<-c.Terminal.ForegroundQueries)("", agent.ErrUnsupported)
		<-c.Terminal.ForegroundQueries // left unanswered
		return 0, nil
	}
	if c.Terminal != nil {
		f.received <- fmt.Sprint(c.Args, c.Terminal.Size)
		f.received <- fmt.Sprint(<-c.Terminal.Resized)
		return 9, nil
	}
	if c.Args[0] == "deaf" { // reads no input and does not end by itself
		f.received <- "deaf"
		<-ctx.Done()
		f.received <- "ended"
		return 0, ctx.Err()
	}
	if c.Stdin != nil {
		if _, err := io.Copy(c.Stdout, c.Stdin); err != nil {
			return 0, err
		}
	}
	switch c.Args[0] {
	case "fail":
		fmt.Fprint(c.Stderr, "no such luck")
		return 3, nil
	case "hang":
		f.received <- "hang"
		<-ctx.Done()
		f.received <- "ended"
		return 0, ctx.Err()
	case "print":
		fmt.Fprintf(c.Stdout, "%+q %+q %+q", c.Args, c.Env, c.Dir)
	case "refuse":
		return 0, agent.ErrNotFound
	}
	return 0, nil
}

func (f *fakeAgent) Resize(ctx context.Context, cols, rows int) error {
	return f.answer(ctx, fmt.Sprintf("resize %dx%d", cols, rows))
}
func (f *fakeAgent) Sync(ctx context.Context) error   { return f.answer(ctx, "sync") }
func (f *fakeAgent) Freeze(ctx context.Context) error { return f.answer(ctx, "freeze") }
func (f *fakeAgent) Thaw(ctx context.Context) error {
	return errors.Join(f.answer(ctx, "thaw"), f.thawErr)
}
func (f *fakeAgent) PowerOff(ctx context.Context) error { return f.answer(ctx, "power off") }
func (f *fakeAgent) Programs(ctx context.Context) ([]string, error) {
	return []string{"vim"}, f.answer(ctx, "programs")
}
func (f *fakeAgent) Ready() <-chan struct{} { return f.ready }
func (f *fakeAgent) Starts() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.starts
}

func (f *fakeAgent) Done() <-chan struct{} { return f.done }
func (f *fakeAgent) Close() error          { return nil }

func (f *fakeAgent) Identify(ctx context.Context, who agent.Identity) (agent.IdentityResult, error) {
	if err := f.answer(ctx, "identity "+who.ID+" "+who.Hostname); err != nil {
		return agent.IdentityResult{}, err
	}
	if f.identifyGate != nil {
		select {
		case <-f.identifyGate:
		case <-ctx.Done():
			return agent.IdentityResult{}, ctx.Err()
		}
	}
	return f.identified, f.identifyErr
}

// SetClock is recorded separately, because it may be called at any time.
func (f *fakeAgent) SetClock(_ context.Context, now time.Time) (time.Duration, error) {
	select {
	case f.clock <- now:
	default:
	}
	return 0, nil
}

func (f *fakeAgent) Mount(ctx context.Context, mounts []agent.Mount) ([]string, error) {
	if err := f.answer(ctx, fmt.Sprint("mount ", mounts)); err != nil {
		return nil, err
	}
	return f.mounted, f.mountErr
}

func (f *fakeAgent) expect(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		select {
		case got := <-f.received:
			if got != w {
				t.Fatalf("got request %q, want %q", got, w)
			}
		case <-time.After(2 * time.Minute):
			t.Fatalf("got no request, want %q", w)
		}
	}
}

// newFakeLink returns a link to the fake agent and the events about its state. Tests with
// such a link run in a bubble, as its timeouts would expire on a busy machine.
func newFakeLink(t *testing.T, f *fakeAgent) (*agentLink, <-chan client.Event) {
	t.Helper()
	return newFakeLinkFor(t, f, agent.Identity{}, nil)
}

func newFakeLinkFor(t *testing.T, f *fakeAgent, who agent.Identity, note func(string)) (*agentLink, <-chan client.Event) {
	t.Helper()
	b := newStateBroadcaster(client.State{State: client.Running})
	l := newAgentLink(b, who, note)
	l.dial = func(context.Context, string) (guestAgent, error) { return f, nil }
	events, end := b.subscribe()
	<-events
	l.timeout = 2 * time.Second
	l.connect("", make(chan struct{}))
	t.Cleanup(func() { l.close(); end() })
	return l, events
}

func TestAgentGetsSizeWhenItAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeAgent()
		l, events := newFakeLink(t, f)
		if err := l.resize(t.Context(), 80, 24); err != nil {
			t.Fatalf("resize without an agent: got error %v, want no error", err)
		}
		if err := l.resize(t.Context(), 100, 30); err != nil {
			t.Fatal(err)
		}
		if err := l.powerOff(t.Context()); !errors.Is(err, client.ErrNoAgent) {
			t.Fatalf("power off without an agent: got %v, want %v", err, client.ErrNoAgent)
		}
		if freeze, _, err := l.freezeFuncs(t.Context()); freeze != nil || notFrozenReason(err) != client.NotFrozenNoAgent {
			t.Fatalf("freeze without an agent: got %v, want NotFrozenNoAgent", err)
		}
		f.startAnswering()
		if s := (<-events).State; !s.Agent || s.AgentVersion != 3 {
			t.Fatalf("state %+v, want Agent, AgentVersion 3", s)
		}
		f.expect(t, "hello", "resize 100x30")
		f.ready <- struct{}{} // the guest has rebooted
		f.expect(t, "hello", "resize 100x30")
		if err := l.resize(t.Context(), 120, 40); err != nil {
			t.Fatal(err)
		}
		f.expect(t, "resize 120x40")
		for range 3 { // requested only once within a few seconds
			if a := l.recentAddresses(t.Context()); len(a) != 1 || a[0] != "10.0.2.15" {
				t.Fatalf("got addresses %v, want 10.0.2.15", a)
			}
		}
		freeze, thaw, err := l.freezeFuncs(t.Context())
		if freeze == nil || thaw == nil || err != nil {
			t.Fatalf("freezeFuncs: got error %v, want two functions and no error", err)
		}
		f.expect(t, "info", "info", "sync")
		if err := thaw(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.thawErr = fmt.Errorf("said so: %w", agent.ErrWrongState)
		if err := thaw(t.Context()); !errors.Is(err, qemu.ErrThawedBefore) || !strings.Contains(err.Error(), "after 10s") {
			t.Fatalf("thaw of a guest that has thawed by itself: got %v, want %v", err, qemu.ErrThawedBefore)
		}
		f.thawErr = errors.New("thaw /: input/output error")
		if err := thaw(t.Context()); errors.Is(err, qemu.ErrThawedBefore) || !errors.Is(err, f.thawErr) {
			t.Fatalf("thaw of a guest that cannot thaw: got %v, want %v", err, f.thawErr)
		}
	})
}

func TestSilentAgentDoesNotBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeAgent()
		l, events := newFakeLink(t, f)
		f.startAnswering()
		if s := (<-events).State; !s.Agent {
			t.Fatalf("state %+v, want Agent", s)
		}
		f.stopAnswering()
		began := time.Now()
		l.recentAddresses(t.Context())
		if took := time.Since(began); took >= 2*time.Second {
			t.Fatalf("a silent agent blocked a state request for %v", took)
		}
		if s := (<-events).State; s.Agent || s.AgentLost.IsZero() {
			t.Fatalf("got agent %v, lost at %v; want no agent and the time it was lost", s.Agent, s.AgentLost)
		}
		if a := l.recentAddresses(t.Context()); a != nil {
			t.Fatalf("addresses of a silent agent: got %v, want nil", a)
		}
		f.startAnswering()
		if s := (<-events).State; !s.Agent {
			t.Fatalf("state %+v, want Agent", s)
		}
	})
}
