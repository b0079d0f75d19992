package host

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/vm/qemu"
)

const prompt = "# "

func TestBootAttachStop(t *testing.T) {
	t.Parallel()
	v := newGuest(t)
	c := v.start()
	s := v.state(c)
	if s.State != Running || s.Name != "dev" || s.Accelerator != qemu.TCG || s.Why == "" ||
		s.CPUs != 1 || s.MemoryMB != 128 || s.PID == 0 || s.QEMUPID == 0 || time.Since(s.Since) > time.Minute {
		t.Fatalf("state %+v", s)
	}
	if held, holder := ondisk.Held(v.spec.Dir.Lock()); !held || holder.Doing != Doing {
		t.Fatalf("the lock: %v %+v", held, holder)
	}

	first := v.attach(c)
	first.expect(prompt)
	first.send("echo one-$((40+2))")
	first.expect("one-42")
	second := v.attach(c)
	second.expect("one-42") // the replay
	second.send("echo two-$((40+3))")
	second.expect("two-43")
	first.expect("two-43")
	if n := v.state(c).Attached; n != 2 {
		t.Fatalf("%d attached, want 2", n)
	}
	first.send("echo three-$((40+4))")
	first.rw.Close() // at once: what was sent must arrive
	second.expect("three-44")

	if err := v.launch(); !errors.Is(err, ondisk.ErrLocked) {
		t.Fatalf("launched twice: %v", err)
	}
	if err := c.Resize(t.Context(), 100, 30); err != nil {
		t.Fatalf("resize: %v", err)
	}
	if err := c.Resize(t.Context(), 0, -1); err == nil {
		t.Fatal("resized to nothing")
	}

	if err := c.Pause(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.waitUntil(c, func(s State) bool { return s.State == Paused })
	if err := c.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.waitUntil(c, func(s State) bool { return s.State == Running })

	var said []string
	if err := c.Stop(t.Context(), StopRequest{}, func(line string) { said = append(said, line) }); err != nil {
		t.Fatalf("stop: %v", err)
	}
	if held, _ := ondisk.Held(v.spec.Dir.Lock()); held {
		t.Fatal("the lock is held after stop")
	}
	rest, err := io.ReadAll(second.rw)
	if err != nil || len(rest) == 0 {
		t.Fatalf("the console's end: %q, %v", rest, err)
	}
	last, err := ReadLast(v.spec.Dir)
	if err != nil || last.How != "stopped on request" || !last.Orderly || time.Since(last.Left) > time.Minute {
		t.Fatalf("last %+v, %v", last, err)
	}
	if len(said) == 0 || !strings.Contains(said[0], "asking the guest") {
		t.Fatalf("said %q", said)
	}
	v.nothingLeft()
	text, err := LastConsole(v.spec.Dir, 1<<20)
	if err != nil || !strings.Contains(string(text), "three-44") {
		t.Fatalf("the log: %q, %v", text, err)
	}
	if _, err := c.State(t.Context()); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("state of a stopped VM: %v", err)
	}
	if _, err := Connect(t.Context(), v.spec.Dir, v.spec.RunDir); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("connect to a stopped VM: %v", err)
	}
}

// waitUntil waits until the VM's events tell of such a state.
func (v *testVM) waitUntil(c *Client, is func(State) bool) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), 2*time.Minute)
	defer cancel()
	events, err := c.Events(ctx)
	if err != nil {
		v.t.Fatal(err)
	}
	for e := range events {
		if is(e.State) {
			return
		}
	}
	v.t.Fatal("the VM never came into the state waited for")
}

func TestForcedStops(t *testing.T) {
	tests := []struct {
		name string
		req  StopRequest
		how  string
	}{
		{"at once", StopRequest{Force: true}, "forced off on request"},
		// The kernel is not up yet, nobody hears the power button.
		{"after the grace", StopRequest{Grace: time.Millisecond}, "forced after 1ms: the guest did not power off"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := newVM(t)
			c := v.start()
			if err := c.Stop(t.Context(), tt.req, nil); err != nil {
				t.Fatal(err)
			}
			last, err := ReadLast(v.spec.Dir)
			if err != nil || last.How != tt.how || last.Orderly {
				t.Fatalf("last %+v, %v", last, err)
			}
			v.nothingLeft()
		})
	}
}

func TestTerminatedHostProcessStopsTheGuestInOrder(t *testing.T) {
	t.Parallel()
	v := newGuest(t)
	c := v.start()
	events, err := c.Events(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v.attach(c).expect(prompt)
	pid := v.state(c).PID
	v.kill(pid, syscall.SIGHUP) // ignored
	v.kill(pid, syscall.SIGTERM)
	if last := v.gone(events); last.How != "stopped on request" || !last.Orderly {
		t.Fatalf("last %+v", last)
	}
}

func TestKilledQEMUIsRecorded(t *testing.T) {
	t.Parallel()
	v := newVM(t)
	c := v.start()
	events, err := c.Events(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v.kill(v.state(c).QEMUPID, syscall.SIGKILL)
	if last := v.gone(events); last.How != "QEMU died: signal: killed" || last.Orderly {
		t.Fatalf("last %+v", last)
	}
	v.nothingLeft()
}
