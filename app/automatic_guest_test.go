package app

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vmterminal/assets/guest"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/qemu"
)

// guestLimit is how long a test waits for each event in a real guest.
const guestLimit = 10 * time.Minute

// realVM is a VM with the built-in guest. The test process is its supervisor and controls its
// clock.
type realVM struct {
	*Service
	t       *testing.T
	ahead   atomic.Int64 // nanoseconds
	changes <-chan struct{}
}

// startRealVM starts the VM and stops it when the test ends.
func startRealVM(t *testing.T, set Automatic) *realVM {
	root, err := os.MkdirTemp("", "vmt") // t.TempDir is too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	v := &realVM{t: t, Service: New(Options{Home: home.Dir(root), Guest: BuiltinGuest{
		WriteDisk: guest.WriteDisk, Kernel: guest.KernelFile, CommandLine: guest.CommandLine,
	}})}
	v.now = func() time.Time { return wallClock().Add(time.Duration(v.ahead.Load())) }
	v.changes = v.Changes(t.Context())
	if _, err := v.CreateVM(t.Context(), NewVM{Name: "dev", CPUs: 1, MemoryMB: 160, DiskSizeMB: 256, Accel: qemu.TCG}); err != nil {
		t.Fatal(err)
	}
	v.setAutomatic(set)
	left := make(chan error, 1)
	go func() { left <- v.RunSupervisor(context.WithoutCancel(t.Context()), "dev", "", false) }()
	t.Cleanup(func() {
		err := v.Stop(context.WithoutCancel(t.Context()), "dev", StopOptions{Force: true}, nil)
		if err != nil && !errors.Is(err, ErrStopped) {
			t.Error(err)
		}
		if err := <-left; err != nil {
			t.Error(err)
		}
		if log, _ := os.ReadFile(v.vms.Dir("dev").SupervisorLog()); t.Failed() {
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

// wait waits until is(vm) returns true for the VM's current state.
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
			v.t.Fatalf("timeout waiting for %s: got %+v, error %v", what, now, err)
		}
	}
}

// advanceClock advances the clock by more than an interval and makes the scheduler check it at
// once.
func (v *realVM) advanceClock(a Automatic) {
	v.t.Helper()
	v.ahead.Add(int64(a.Every + time.Minute))
	v.setAutomatic(a)
}

func (v *realVM) exec(args ...string) {
	v.t.Helper()
	if exit, err := v.Exec(v.t.Context(), "dev", GuestCommand{Args: args}); err != nil || exit != 0 {
		v.t.Fatalf("exec %v: got exit code %d, error %v, want 0", args, exit, err)
	}
}

func (v *realVM) automaticSnapshots() (list []Snapshot) {
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

// Snapshots are taken, old ones are deleted, and a failure is reported until the next success.
func TestAutomaticSnapshotsInGuest(t *testing.T) {
	t.Parallel()
	hourly := Automatic{Every: time.Hour, Keep: 2}
	v := startRealVM(t, hourly)
	on := v.wait("a due time", func(vm VM) bool { return !vm.Automatic.Next.IsZero() })
	if until := on.Automatic.Next.Sub(on.Since); until < 59*time.Minute || until > 61*time.Minute {
		t.Errorf("the first snapshot is due %v after the start, want 1 h", until)
	}
	if list := v.automaticSnapshots(); len(list) != 0 {
		t.Fatalf("snapshots at the start: got %+v, want none", list)
	}
	v.exec("sh", "-c", "echo one >/root/file; sync")
	v.advanceClock(hourly)
	v.wait("the first snapshot", func(VM) bool { return len(v.automaticSnapshots()) == 1 })
	if first := v.automaticSnapshots()[0]; first.Taken != "frozen" || first.State != "ok" || !strings.HasPrefix(first.Name, "auto-") {
		t.Errorf("got %+v, want an intact snapshot of a frozen guest named auto-…", first)
	}

	// When a third snapshot is taken, the oldest is deleted.
	for n, text := range []string{"two", "three", "four"} {
		was := v.automaticSnapshots()[0].ID
		v.exec("sh", "-c", "echo "+text+" >/root/file; sync")
		v.advanceClock(hourly)
		v.wait(text, func(VM) bool { list := v.automaticSnapshots(); return list[0].ID != was && len(list) == min(n+2, 2) })
	}

	// A failure is reported until the next success.
	folder := v.vms.Dir("dev").Snapshots()
	if err := os.Rename(folder, folder+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder, nil, durable.FileMode); err != nil {
		t.Fatal(err)
	}
	v.advanceClock(hourly)
	failed := v.wait("a failure", func(vm VM) bool { return vm.Automatic.Failed })
	log, err := os.ReadFile(v.vms.Dir("dev").SupervisorLog())
	if err != nil || failed.Automatic.Problem == nil || strings.Count(string(log), failed.Automatic.Problem.String()+"\n") != 1 {
		t.Errorf("host.log: got %q, error %v, want the line %v exactly once", log, err, failed.Automatic.Problem)
	}
	if err := errors.Join(os.Remove(folder), os.Rename(folder+".away", folder)); err != nil {
		t.Fatal(err)
	}
	was := v.automaticSnapshots()[0].ID
	v.exec("sh", "-c", "echo five >/root/file; sync")
	v.advanceClock(hourly)
	v.wait("a success after the failure", func(vm VM) bool { return v.automaticSnapshots()[0].ID != was && !vm.Automatic.Failed })
}

// No second snapshot is taken if the guest has written nothing.
func TestAutomaticSkipsUnchangedGuest(t *testing.T) {
	t.Parallel()
	hourly := Automatic{Every: time.Hour, Keep: 5}
	v := startRealVM(t, hourly)
	v.exec("sh", "-c", "sync; mount -o remount,ro /; true")
	v.advanceClock(hourly)
	v.wait("the first snapshot", func(VM) bool { return len(v.automaticSnapshots()) == 1 })
	first := v.wait("the next due time", func(vm VM) bool { return vm.Automatic.Next.After(v.now()) })
	v.advanceClock(hourly)
	v.wait("the due time after that", func(vm VM) bool { return vm.Automatic.Next.After(first.Automatic.Next) })
	if list := v.automaticSnapshots(); len(list) != 1 {
		t.Errorf("got %d snapshots of an unchanged disk, want 1: %+v", len(list), list)
	}
}
