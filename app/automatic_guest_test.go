package app

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/assets/guest"
	"vmterminal/vm/qemu"
)

// guestLimit is how long a real guest may take for anything.
const guestLimit = 3 * time.Minute

// realVM is a VM of the built-in guest, whose host process is this one, with a
// clock that the test sets.
type realVM struct {
	*Service
	t       *testing.T
	ahead   atomic.Int64 // nanoseconds
	changes <-chan struct{}
}

// runReal starts the VM; it is off when the test has ended.
func runReal(t *testing.T, set Automatic) *realVM {
	home, err := os.MkdirTemp("", "vmt") // socket paths are short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	v := &realVM{t: t, Service: New(Options{Home: ondisk.Home(home), Guest: BuiltinGuest{
		WriteDisk: guest.WriteDisk, Kernel: guest.KernelFile, CommandLine: guest.CommandLine,
	}})}
	v.now = func() time.Time { return wallClock().Add(time.Duration(v.ahead.Load())) }
	v.changes = v.Changes(t.Context())
	if _, err := v.CreateVM(t.Context(), NewVM{Name: "dev", CPUs: 1, MemoryMB: 160, DiskSizeMB: 256, Accel: qemu.TCG}); err != nil {
		t.Fatal(err)
	}
	v.setAutomatic(set)
	left := make(chan error, 1)
	go func() { left <- v.RunHost(context.WithoutCancel(t.Context()), "dev", "", false) }()
	t.Cleanup(func() {
		err := v.Stop(context.WithoutCancel(t.Context()), "dev", StopOptions{Force: true}, nil)
		if err != nil && !errors.Is(err, ErrStopped) {
			t.Error(err)
		}
		if err := <-left; err != nil {
			t.Error(err)
		}
		if log, _ := os.ReadFile(v.vms.Dir("dev").HostLog()); t.Failed() {
			t.Logf("host.log: %s", log)
		}
	})
	v.wait("the agent", func(vm VM) bool { return vm.Agent })
	return v
}

func (v *realVM) setAutomatic(a Automatic) {
	v.t.Helper()
	if _, err := v.SetAutomatic(v.t.Context(), "dev", a); err != nil {
		v.t.Fatal(err)
	}
}

// wait waits until the VM is as it should be.
func (v *realVM) wait(what string, is func(VM) bool) VM {
	v.t.Helper()
	limit := time.After(guestLimit)
	for {
		now, err := v.VM(v.t.Context(), "dev")
		if err == nil && is(now) {
			return now
		}
		select {
		case <-v.changes:
		case <-limit:
			v.t.Fatalf("waited in vain for %s: %+v, %v", what, now, err)
		}
	}
}

// pass sets the clock ahead by an interval, and has the schedule look at it now.
func (v *realVM) pass(a Automatic) {
	v.t.Helper()
	v.ahead.Add(int64(a.Every + time.Minute))
	v.setAutomatic(a)
}

func (v *realVM) exec(args ...string) {
	v.t.Helper()
	if exit, err := v.Exec(v.t.Context(), "dev", GuestCommand{Args: args}); err != nil || exit != 0 {
		v.t.Fatalf("%v: %d, %v", args, exit, err)
	}
}

func (v *realVM) automatic() (list []Snapshot) {
	v.t.Helper()
	all, err := v.Snapshots(v.t.Context(), "dev")
	if err != nil {
		v.t.Fatal(err)
	}
	for _, s := range all.Snapshots {
		if s.Automatic {
			list = append(list, s)
		}
	}
	return list
}

// A real guest's life under a schedule: taken, pruned, busy with another job,
// and failing where all can see it.
func TestAutomaticSnapshotsOfARealGuest(t *testing.T) {
	t.Parallel()
	hourly := Automatic{Every: time.Hour, Keep: 2}
	v := runReal(t, hourly)
	on := v.wait("a plan", func(vm VM) bool { return !vm.Automatic.Next.IsZero() })
	if until := on.Automatic.Next.Sub(on.Since); until < 59*time.Minute || until > 61*time.Minute {
		t.Errorf("the first is due %v after the start", until)
	}
	if list := v.automatic(); len(list) != 0 {
		t.Fatalf("there are some at once: %+v", list)
	}
	v.exec("sh", "-c", "echo one >/root/file; sync")
	v.pass(hourly)
	v.wait("the first", func(VM) bool { return len(v.automatic()) == 1 })
	if first := v.automatic()[0]; first.Taken != "frozen" || first.State != "ok" || !strings.HasPrefix(first.Name, "auto-") {
		t.Errorf("%+v", first)
	}

	// Later ones push it out.
	for n, text := range []string{"two", "three", "four"} {
		was := v.automatic()[0].ID
		v.exec("sh", "-c", "echo "+text+" >/root/file; sync")
		v.pass(hourly)
		v.wait(text, func(VM) bool { list := v.automatic(); return list[0].ID != was && len(list) == min(n+2, 2) })
	}

	// A failure is seen, and forgotten when one goes well.
	folder := v.vms.Dir("dev").Snapshots()
	if err := os.Rename(folder, folder+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder, nil, ondisk.FileMode); err != nil {
		t.Fatal(err)
	}
	v.pass(hourly)
	failed := v.wait("a failure", func(vm VM) bool { return vm.Automatic.Failure != "" })
	log, err := os.ReadFile(v.vms.Dir("dev").HostLog())
	if err != nil || strings.Count(string(log), failed.Automatic.Failure+"\n") != 1 {
		t.Errorf("%q is not one line of host.log, %v: %s", failed.Automatic.Failure, err, log)
	}
	if err := errors.Join(os.Remove(folder), os.Rename(folder+".away", folder)); err != nil {
		t.Fatal(err)
	}
	was := v.automatic()[0].ID
	v.exec("sh", "-c", "echo five >/root/file; sync")
	v.pass(hourly)
	v.wait("one that goes well", func(vm VM) bool { return v.automatic()[0].ID != was && vm.Automatic.Failure == "" })
}

// Of a guest that writes nothing a second snapshot would be the same.
func TestNothingChangedInARealGuest(t *testing.T) {
	t.Parallel()
	hourly := Automatic{Every: time.Hour, Keep: 5}
	v := runReal(t, hourly)
	v.exec("sh", "-c", "sync; mount -o remount,ro /; true")
	v.pass(hourly)
	v.wait("the first", func(VM) bool { return len(v.automatic()) == 1 })
	first := v.wait("the next plan", func(vm VM) bool { return vm.Automatic.Next.After(v.now()) })
	v.pass(hourly)
	v.wait("the plan after that", func(vm VM) bool { return vm.Automatic.Next.After(first.Automatic.Next) })
	if list := v.automatic(); len(list) != 1 {
		t.Errorf("nothing has changed, but there are %d: %+v", len(list), list)
	}
}
