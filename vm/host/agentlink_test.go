package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"vmterminal/vm/agent"
	"vmterminal/vm/qemu"
)

// fakeAgent answers while alive, and notes what it is told.
type fakeAgent struct {
	ready, done chan struct{}
	told        chan string
	slow        chan struct{} // what Identify waits for; nil: nothing
	identified  agent.Identified
	identifyErr error
	thawErr     error
	mounted     []string // problems
	mountErr    error

	mu    sync.Mutex
	alive chan struct{} // closed while it answers
}

func newFakeAgent() *fakeAgent {
	return &fakeAgent{
		ready: make(chan struct{}, 1), done: make(chan struct{}), told: make(chan string, 100),
		alive: make(chan struct{}),
	}
}

func (f *fakeAgent) answer(ctx context.Context, what string) error {
	f.mu.Lock()
	alive := f.alive
	f.mu.Unlock()
	select {
	case <-alive:
		f.told <- what
		return nil
	case <-f.done:
		return agent.ErrClosed
	case <-ctx.Done():
		return agent.ErrNoAnswer
	}
}

func (f *fakeAgent) boot() {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.alive)
}

func (f *fakeAgent) crash() {
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
		(<-c.Terminal.Asked)("vim", nil)
		(<-c.Terminal.Asked)("", agent.ErrUnsupported)
		<-c.Terminal.Asked // and ends
		return 0, nil
	}
	if c.Terminal != nil {
		f.told <- fmt.Sprint(c.Args, c.Terminal.Size)
		f.told <- fmt.Sprint(<-c.Terminal.Resized)
		return 9, nil
	}
	if c.Args[0] == "deaf" { // reads no input and does not end by itself
		f.told <- "deaf"
		<-ctx.Done()
		f.told <- "ended"
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
		f.told <- "hang"
		<-ctx.Done()
		f.told <- "ended"
		return 0, ctx.Err()
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
func (f *fakeAgent) Ready() <-chan struct{}             { return f.ready }
func (f *fakeAgent) Done() <-chan struct{}              { return f.done }
func (f *fakeAgent) Close() error                       { return nil }

func (f *fakeAgent) Identify(ctx context.Context, who agent.Identity) (agent.Identified, error) {
	if err := f.answer(ctx, "identity "+who.ID+" "+who.Hostname); err != nil {
		return agent.Identified{}, err
	}
	if f.slow != nil {
		select {
		case <-f.slow:
		case <-ctx.Done():
			return agent.Identified{}, ctx.Err()
		}
	}
	return f.identified, f.identifyErr
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
		case got := <-f.told:
			if got != w {
				t.Fatalf("the agent was told %q, want %q", got, w)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("the agent was never told %q", w)
		}
	}
}

// link connects to the fake and returns the events of its state.
func link(t *testing.T, f *fakeAgent) (*agentLink, <-chan Event) {
	t.Helper()
	return linkAs(t, f, agent.Identity{}, nil)
}

func linkAs(t *testing.T, f *fakeAgent, who agent.Identity, note func(string)) (*agentLink, <-chan Event) {
	t.Helper()
	b := newBoard(State{State: Running})
	l := newAgentLink(b, who, note)
	l.dial = func(context.Context, string) (guestAgent, error) { return f, nil }
	events, end := b.listen()
	<-events
	l.limit = time.Second
	l.connect("", make(chan struct{}))
	t.Cleanup(func() { l.close(); end() })
	return l, events
}

func TestAgentIsToldTheSizeWhenItComes(t *testing.T) {
	f := newFakeAgent()
	l, events := link(t, f)
	if err := l.resize(t.Context(), 80, 24); err != nil {
		t.Fatalf("size for later: %v", err)
	}
	if err := l.resize(t.Context(), 100, 30); err != nil {
		t.Fatal(err)
	}
	if err := l.powerOff(t.Context()); !errors.Is(err, ErrNoAgent) {
		t.Fatalf("power off without an agent: %v", err)
	}
	if freeze, _ := l.freezer(t.Context()); freeze != nil {
		t.Fatal("freezes without an agent")
	}
	f.boot()
	if s := (<-events).State; !s.Agent || s.AgentVersion != 3 {
		t.Fatalf("state %+v", s)
	}
	f.expect(t, "hello", "resize 100x30")
	f.ready <- struct{}{} // the guest has rebooted
	f.expect(t, "hello", "resize 100x30")
	if err := l.resize(t.Context(), 120, 40); err != nil {
		t.Fatal(err)
	}
	f.expect(t, "resize 120x40")
	for range 3 { // asked once in a few seconds only
		if a := l.recentAddresses(t.Context()); len(a) != 1 || a[0] != "10.0.2.15" {
			t.Fatalf("addresses %v", a)
		}
	}
	freeze, thaw := l.freezer(t.Context())
	if freeze == nil || thaw == nil {
		t.Fatal("does not freeze")
	}
	f.expect(t, "info", "info", "sync")
	if err := thaw(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.thawErr = fmt.Errorf("said so: %w", agent.ErrWrongState)
	if err := thaw(t.Context()); !errors.Is(err, qemu.ErrThawedBefore) || !strings.Contains(err.Error(), "after 10s") {
		t.Fatalf("a guest that had thawed by itself: %v", err)
	}
	f.thawErr = errors.New("thaw /: input/output error")
	if err := thaw(t.Context()); errors.Is(err, qemu.ErrThawedBefore) || !errors.Is(err, f.thawErr) {
		t.Fatalf("a guest that cannot thaw: %v", err)
	}
}

func TestSilentAgentHoldsUpNobody(t *testing.T) {
	f := newFakeAgent()
	l, events := link(t, f)
	f.boot()
	if s := (<-events).State; !s.Agent {
		t.Fatalf("state %+v", s)
	}
	f.crash()
	began := time.Now()
	l.recentAddresses(t.Context())
	if took := time.Since(began); took > 900*time.Millisecond {
		t.Fatalf("a silent agent held up State for %v", took)
	}
	if s := (<-events).State; s.Agent {
		t.Fatalf("a silent agent still counts: %+v", s)
	}
	if a := l.recentAddresses(t.Context()); a != nil {
		t.Fatalf("addresses of a silent agent: %v", a)
	}
	f.boot()
	if s := (<-events).State; !s.Agent {
		t.Fatalf("state %+v", s)
	}
}
