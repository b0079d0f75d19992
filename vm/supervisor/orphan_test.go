package supervisor

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/supervisor/client"
)

// killSupervisor kills the supervisor and returns QEMU's pid.
func (v *testVM) killSupervisor(c *client.Client) int {
	v.t.Helper()
	s := v.state(c)
	v.kill(s.PID, syscall.SIGKILL)
	own, err := durable.BriefLock(v.spec.Dir.SupervisorLock()) // blocks until the supervisor has exited
	if err != nil {
		v.t.Fatal(err)
	}
	_ = own.Close()
	return s.QEMUPID
}

func TestAdoptQEMUOfKilledSupervisor(t *testing.T) {
	t.Parallel()
	v := newGuest(t)
	c := v.start()
	x := v.attach(c)
	x.expect(prompt)
	x.send("echo before-$((40+2))")
	x.expect("before-42")
	if _, err := c.BeginPointInTime(t.Context()); err != nil {
		t.Fatal(err)
	}
	since := v.state(c).Since
	pid := v.killSupervisor(c)

	_, err := client.Connect(t.Context(), v.spec.Dir, v.spec.RunDir, nil)
	var orphan *client.Orphan
	if !errors.As(err, &orphan) || orphan.QEMUPID != pid || !errors.Is(err, client.ErrNotAnswering) {
		t.Fatalf("connect: got error %v, want error %v", err, client.ErrNotAnswering)
	}
	if err := v.launch(); !errors.Is(err, durable.ErrLocked) {
		t.Fatalf("second launch: got %v, want %v", err, durable.ErrLocked)
	}

	v.spec.Adopt = true
	v.spec.CPUs = 7 // changed settings do not affect the running QEMU
	c = v.start()
	s := v.state(c)
	if s.State != client.Running || s.QEMUPID != pid || s.CPUs != 1 || !s.Since.Equal(since) || s.PointInTime {
		t.Fatalf("state %+v, want State %v, QEMUPID %v, CPUs 1, not PointInTime", s, client.Running, pid)
	}
	x = v.attach(c)
	x.expect("before-42")
	x.send("echo after-$((40+3))")
	x.expect("after-43")
	if _, err := c.BeginPointInTime(t.Context()); err != nil {
		t.Fatalf("after a lost point in time: got error %v, want no error", err)
	}
	if err := c.EndPointInTime(t.Context()); err != nil {
		t.Fatal(err)
	}
	events, err := c.Events(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	x.send("poweroff")
	if last := v.waitForExit(events); last.ExitReason.Code != client.ExitGuestPoweredOff || !last.Orderly {
		t.Fatalf("last run: got %+v, want ExitGuestPoweredOff, Orderly", last)
	}
	v.checkNoLeftovers()
}

// QEMU must still hold the VM's lock after its supervisor has died.
func TestQEMUHoldsLock(t *testing.T) {
	t.Parallel()
	v := newVM(t)
	pid := v.killSupervisor(v.start())
	if l, err := durable.TryLock(v.spec.Dir.Lock(), durable.Activity{Code: "testing"}); !errors.Is(err, durable.ErrLocked) {
		_ = l.Close()
		v.kill(pid, syscall.SIGKILL) // cleanUp would not find it
		t.Fatalf("the VM's lock is free while QEMU is running (%v), want error %v", err, durable.ErrLocked)
	}
}

func TestStopOrphan(t *testing.T) {
	t.Parallel()
	v := newGuest(t)
	c := v.start()
	v.attach(c).expect(prompt)
	v.killSupervisor(c)
	if err := StopOrphan(t.Context(), v.spec.Dir, false, patientGrace); err != nil {
		t.Fatal(err)
	}
	last, err := client.ReadLast(v.spec.Dir)
	if err != nil || last.ExitReason != (client.ExitReason{Code: client.ExitStopped, NoSupervisor: true}) {
		t.Fatalf("last run: got %+v, %v; want ExitStopped, NoSupervisor", last, err)
	}
	v.checkNoLeftovers()
	if err := StopOrphan(t.Context(), v.spec.Dir, false, 0); !errors.Is(err, client.ErrNotRunning) {
		t.Fatalf("second stop: got error %v, want error %v", err, client.ErrNotRunning)
	}
}

func TestStartAfterSupervisorAndQEMUWereKilled(t *testing.T) {
	t.Parallel()
	v := newVM(t)
	c := v.start()
	pid := v.killSupervisor(c)
	v.kill(pid, syscall.SIGKILL)
	l, err := durable.BriefLock(v.spec.Dir.Lock())
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	waitFor(t, "QEMU has exited", func() bool { // a dying process releases its locks first
		_, err := client.ProcessIDOf(pid)
		return err != nil
	})
	if last, err := client.ReadLast(v.spec.Dir); err != nil || last.ExitReason.Code != client.ExitUnrecorded {
		t.Fatalf("last run: got %+v, %v; want ExitUnrecorded", last, err)
	}
	v.spec.Adopt = true
	if err := v.launch(); !errors.Is(err, client.ErrNotRunning) {
		t.Fatalf("nothing to adopt: got error %v, want error %v", err, client.ErrNotRunning)
	}
	if last, err := client.ReadLast(v.spec.Dir); err != nil || last.ExitReason.Code != client.ExitUnrecorded {
		t.Fatalf("last run after a failed adoption: got %+v, %v; want ExitUnrecorded", last, err)
	}
	v.spec.Adopt = false
	c = v.start()
	if last, err := client.ReadLast(v.spec.Dir); err != nil || last.ExitReason.Code != client.ExitUnrecorded {
		t.Fatalf("last run while the VM runs again: got %+v, %v; want ExitUnrecorded", last, err)
	}
	if err := c.Stop(t.Context(), client.StopRequest{Force: true}, nil); err != nil {
		t.Fatal(err)
	}
}

func TestHangingSupervisor(t *testing.T) {
	t.Parallel()
	v := newVM(t)
	c := v.start()
	v.kill(v.state(c).PID, syscall.SIGSTOP)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var orphan *client.Orphan
	_, err := client.Connect(ctx, v.spec.Dir, v.spec.RunDir, nil)
	if !errors.Is(err, client.ErrNotAnswering) || errors.As(err, &orphan) {
		t.Fatalf("connect: got error %v, want error %v", err, client.ErrNotAnswering)
	}
	if err := StopOrphan(ctx, v.spec.Dir, false, 0); !errors.Is(err, client.ErrNotAnswering) {
		t.Fatalf("stop without force: got error %v, want error %v", err, client.ErrNotAnswering)
	}
	if err := StopOrphan(ctx, v.spec.Dir, true, 0); err != nil {
		t.Fatal(err)
	}
	v.checkNoLeftovers()
}
