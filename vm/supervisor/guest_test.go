package supervisor

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/agent"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

const prompt = "# "

func TestBootAttachStop(t *testing.T) {
	t.Parallel()
	v := newGuest(t)
	c := v.start()
	s := v.state(c)
	if s.State != client.Running || s.Name != "dev" || s.Accelerator != qemu.TCG || s.AcceleratorReason != qemu.ReasonRequested ||
		s.CPUs != 1 || s.MemoryMB != 128 || s.PID == 0 || s.QEMUPID == 0 || time.Since(s.Since) > 10*time.Minute {
		t.Fatalf("state %+v, want State %v, Name %q, Accelerator %v as requested, CPUs 1, MemoryMB 128", s, client.Running, "dev", qemu.TCG)
	}
	if held, holder := durable.IsLocked(v.spec.Dir.Lock()); !held || !client.IsRunningVM(holder) {
		t.Fatalf("the VM's lock: got held %v, holder %+v; want held by a running VM", held, holder)
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
		t.Fatalf("got %d attached clients, want 2", n)
	}
	first.send("echo three-$((40+4))")
	first.rw.Close() // sent data must still arrive
	second.expect("three-44")

	if err := v.launch(); !errors.Is(err, durable.ErrLocked) {
		t.Fatalf("launched twice: got error %v, want error %v", err, durable.ErrLocked)
	}
	if err := c.Resize(t.Context(), 100, 30); err != nil {
		t.Fatalf("resize: got error %v, want no error", err)
	}
	if err := c.Resize(t.Context(), 0, -1); err == nil {
		t.Fatal("an invalid size was accepted")
	}

	v.killAgent(c)
	v.checkStoppedQEMU(c)

	if err := c.Pause(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.waitUntil(c, func(s client.State) bool { return s.State == client.Paused })
	if _, err := c.Exec(t.Context(), agent.Command{Args: []string{"true"}}); !errors.Is(err, client.ErrPaused) {
		t.Fatalf("exec in a paused guest: got error %v, want error %v", err, client.ErrPaused)
	}
	if err := c.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.waitUntil(c, func(s client.State) bool { return s.State == client.Running })

	var steps []client.StopStep
	if err := c.Stop(t.Context(), client.StopRequest{Grace: patientGrace}, func(s client.StopStep) { steps = append(steps, s) }); err != nil {
		t.Fatalf("stop: got error %v, want no error", err)
	}
	if held, _ := durable.IsLocked(v.spec.Dir.Lock()); held {
		t.Fatal("the lock is held after stop")
	}
	rest, err := io.ReadAll(second.rw)
	if err != nil || len(rest) == 0 {
		t.Fatalf("rest of the console's output: got %q, %v; want some output", rest, err)
	}
	last, err := client.ReadLast(v.spec.Dir)
	if err != nil || last.ExitReason != (client.ExitReason{Code: client.ExitStopped}) || !last.Orderly || time.Since(last.ExitedAt) > 10*time.Minute {
		t.Fatalf("last run: got %+v, %v; want ExitReason %v, Orderly", last, err, (client.ExitReason{Code: client.ExitStopped}))
	}
	if want := (client.StopStep{Code: client.StopAskingGuest, Grace: patientGrace}); len(steps) == 0 || steps[0] != want {
		t.Fatalf("steps: got %+v, want %+v first", steps, want)
	}
	v.checkNoLeftovers()
	text, err := client.LastConsole(v.spec.Dir, 1<<20)
	if err != nil || !strings.Contains(string(text), "three-44") {
		t.Fatalf("the log: got %q, %v; want %q in it", text, err, "three-44")
	}
	if _, err := c.State(t.Context()); !errors.Is(err, client.ErrNotRunning) {
		t.Fatalf("state of a stopped VM: got error %v, want error %v", err, client.ErrNotRunning)
	}
	if _, err := client.Connect(t.Context(), v.spec.Dir, v.spec.RunDir, nil); !errors.Is(err, client.ErrNotRunning) {
		t.Fatalf("connect to a stopped VM: got error %v, want error %v", err, client.ErrNotRunning)
	}
}

// killAgent runs a command that kills the guest's agent; init starts another.
func (v *testVM) killAgent(c *client.Client) {
	v.t.Helper()
	v.waitUntil(c, func(s client.State) bool { return s.Agent })
	_, err := c.Exec(v.t.Context(), agent.Command{Args: []string{"sh", "-c", "kill -9 $PPID; sleep 1000"}})
	if !errors.Is(err, client.ErrNoAgent) && !errors.Is(err, agent.ErrRestarted) {
		v.t.Fatalf("a command whose agent was killed: got error %v, want ErrNoAgent or ErrRestarted", err)
	}
	v.waitUntil(c, func(s client.State) bool { return s.Agent })
}

// checkStoppedQEMU suspends QEMU's process and checks that calls fail within seconds.
func (v *testVM) checkStoppedQEMU(c *client.Client) {
	v.t.Helper()
	pid := v.state(c).QEMUPID
	v.kill(pid, syscall.SIGSTOP)
	for name, call := range map[string]func() error{
		"exec": func() error {
			_, err := c.Exec(v.t.Context(), agent.Command{Args: []string{"true"}})
			return err
		},
		"pause":         func() error { return c.Pause(v.t.Context()) },
		"check":         func() error { return c.CheckQEMU(v.t.Context()) },
		"point in time": func() error { _, err := c.BeginPointInTime(v.t.Context()); return err },
	} {
		began := time.Now()
		err := call()
		if !errors.Is(err, client.ErrNotAnswering) && (name != "exec" || !errors.Is(err, client.ErrNoAgent)) {
			v.t.Errorf("%s while QEMU is stopped: got error %v, want ErrNotAnswering", name, err)
		}
		if took := time.Since(began); took > 5*requestTimeout {
			v.t.Errorf("%s while QEMU is stopped took %v, want at most %v", name, took, 5*requestTimeout)
		}
	}
	v.kill(pid, syscall.SIGCONT)
	// QEMU now executes the pause that timed out.
	waitFor(v.t, "QEMU answers", func() bool {
		err := c.Resume(v.t.Context())
		if err != nil && !errors.Is(err, client.ErrNotAnswering) {
			v.t.Fatal(err)
		}
		return err == nil
	})
	v.waitUntil(c, func(s client.State) bool { return s.State == client.Running && s.Agent })
}

// waitUntil waits until is returns true for the VM's state.
func (v *testVM) waitUntil(c *client.Client, is func(client.State) bool) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), 5*time.Minute)
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
	v.t.Fatal("the VM did not reach the expected state")
}

func TestForcedStops(t *testing.T) {
	tests := []struct {
		name string
		req  client.StopRequest
		want client.ExitReason
	}{
		{"at once", client.StopRequest{Force: true}, client.ExitReason{Code: client.ExitForced}},
		// The kernel is still booting and ignores the power button.
		{"after the grace time", client.StopRequest{Grace: time.Millisecond}, client.ExitReason{Code: client.ExitForcedAfter, Grace: time.Millisecond}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := newVM(t)
			c := v.start()
			if err := c.Stop(t.Context(), tt.req, nil); err != nil {
				t.Fatal(err)
			}
			last, err := client.ReadLast(v.spec.Dir)
			if err != nil || last.ExitReason != tt.want || last.Orderly {
				t.Fatalf("last run: got %+v, %v; want ExitReason %v, not Orderly", last, err, tt.want)
			}
			v.checkNoLeftovers()
		})
	}
}

// A second request can force the VM off during the grace time of the first.
func TestForcedStopDuringGrace(t *testing.T) {
	t.Parallel()
	v := newVM(t)
	c := v.start()
	var steps []client.StopStep
	err := c.Stop(t.Context(), client.StopRequest{}, func(s client.StopStep) {
		if steps = append(steps, s); len(steps) == 1 {
			if err := c.Stop(t.Context(), client.StopRequest{Force: true}, nil); err != nil {
				t.Error(err)
			}
		}
	})
	if want := (client.StopStep{Code: client.StopAskingGuest, Grace: client.DefaultGrace}); err != nil || len(steps) == 0 || steps[0] != want {
		t.Errorf("got steps %+v, error %v; want %+v first", steps, err, want)
	}
	if last, err := client.ReadLast(v.spec.Dir); err != nil || last.ExitReason.Code != client.ExitForced {
		t.Errorf("last run: got %+v, %v; want ExitForced", last, err)
	}
}

func TestTerminatedSupervisorStopsGuest(t *testing.T) {
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
	if last := v.waitForExit(events); last.ExitReason.Code != client.ExitStopped || !last.Orderly {
		t.Fatalf("last run: got %+v, want ExitStopped, Orderly", last)
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
	if last := v.waitForExit(events); last.ExitReason.Code != client.ExitQEMUCrashed || last.ExitReason.Signal != "killed" || last.Orderly {
		t.Fatalf("last run: got %+v, want ExitQEMUCrashed by signal killed, not Orderly", last)
	}
	v.checkNoLeftovers()
}
