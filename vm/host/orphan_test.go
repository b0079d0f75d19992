package host

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"vmterminal/app/ondisk"
)

// loseHost kills the host process, and returns QEMU's pid.
func (v *testVM) loseHost(c *Client) int {
	v.t.Helper()
	s := v.state(c)
	v.kill(s.PID, syscall.SIGKILL)
	own, err := ondisk.WaitLock(v.spec.Dir.HostLock()) // until it is dead
	if err != nil {
		v.t.Fatal(err)
	}
	_ = own.Close()
	return s.QEMUPID
}

func TestQEMUOutlivesItsHostProcessAndIsAdopted(t *testing.T) {
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
	pid := v.loseHost(c)

	_, err := Connect(t.Context(), v.spec.Dir, v.spec.RunDir)
	var orphan *Orphan
	if !errors.As(err, &orphan) || orphan.QEMUPID != pid || !errors.Is(err, ErrNotAnswering) {
		t.Fatalf("connect: %v", err)
	}
	if err := v.launch(); !errors.Is(err, ondisk.ErrLocked) {
		t.Fatalf("launched beside it: %v", err)
	}

	v.spec.Adopt = true
	v.spec.CPUs = 7 // settings changed meanwhile do not count for what runs
	c = v.start()
	s := v.state(c)
	if s.State != Running || s.QEMUPID != pid || s.CPUs != 1 || !s.Since.Equal(since) || s.PointInTime {
		t.Fatalf("state %+v", s)
	}
	x = v.attach(c)
	x.expect("before-42")
	x.send("echo after-$((40+3))")
	x.expect("after-43")
	if _, err := c.BeginPointInTime(t.Context()); err != nil {
		t.Fatalf("after a lost point in time: %v", err)
	}
	if err := c.EndPointInTime(t.Context()); err != nil {
		t.Fatal(err)
	}
	events, err := c.Events(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	x.send("poweroff")
	if last := v.gone(events); last.How != "powered off by the guest" || !last.Orderly {
		t.Fatalf("last %+v", last)
	}
	v.nothingLeft()
}

// A QEMU that lost its host process keeps the VM's lock, from the moment on at
// which the host process dies.
func TestQEMUHoldsTheLock(t *testing.T) {
	t.Parallel()
	v := newVM(t)
	pid := v.loseHost(v.start())
	if l, err := ondisk.TryLock(v.spec.Dir.Lock(), "testing"); !errors.Is(err, ondisk.ErrLocked) {
		_ = l.Close()
		v.kill(pid, syscall.SIGKILL) // nobody would find it
		t.Fatalf("the VM's lock is free while its QEMU lives (%v)", err)
	}
}

func TestStopOrphan(t *testing.T) {
	t.Parallel()
	v := newGuest(t)
	c := v.start()
	v.attach(c).expect(prompt)
	v.loseHost(c)
	if err := StopOrphan(t.Context(), v.spec.Dir, false, 0); err != nil {
		t.Fatal(err)
	}
	last, err := ReadLast(v.spec.Dir)
	if err != nil || last.How != "stopped on request (its host process was gone)" {
		t.Fatalf("last %+v, %v", last, err)
	}
	v.nothingLeft()
	if err := StopOrphan(t.Context(), v.spec.Dir, false, 0); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("again: %v", err)
	}
}

func TestBothKilledIsToldAndStartsAgain(t *testing.T) {
	t.Parallel()
	v := newVM(t)
	c := v.start()
	pid := v.loseHost(c)
	v.kill(pid, syscall.SIGKILL)
	l, err := ondisk.WaitLock(v.spec.Dir.Lock())
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if last, err := ReadLast(v.spec.Dir); err != nil || last.How != unrecorded {
		t.Fatalf("last %+v, %v", last, err)
	}
	v.spec.Adopt = true
	if err := v.launch(); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("nothing to adopt: %v", err)
	}
	if last, err := ReadLast(v.spec.Dir); err != nil || last.How != unrecorded {
		t.Fatalf("last when there was nothing to adopt %+v, %v", last, err)
	}
	v.spec.Adopt = false
	c = v.start()
	if last, err := ReadLast(v.spec.Dir); err != nil || last.How != unrecorded {
		t.Fatalf("last while it runs again %+v, %v", last, err)
	}
	if err := c.Stop(t.Context(), StopRequest{Force: true}, nil); err != nil {
		t.Fatal(err)
	}
}

func TestHangingHostProcess(t *testing.T) {
	t.Parallel()
	v := newVM(t)
	c := v.start()
	v.kill(v.state(c).PID, syscall.SIGSTOP)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var orphan *Orphan
	_, err := Connect(ctx, v.spec.Dir, v.spec.RunDir)
	if !errors.Is(err, ErrNotAnswering) || errors.As(err, &orphan) {
		t.Fatalf("connect: %v", err)
	}
	if err := StopOrphan(ctx, v.spec.Dir, false, 0); !errors.Is(err, ErrNotAnswering) {
		t.Fatalf("stop without force: %v", err)
	}
	if err := StopOrphan(ctx, v.spec.Dir, true, 0); err != nil {
		t.Fatal(err)
	}
	v.nothingLeft()
}
