package supervisor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

func launchAs(t *testing.T, what string) error {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Launch(t.Context(), exe, []string{"-test.run=^$"}, []string{envSpec + "=" + what})
}

func TestLaunchFailures(t *testing.T) {
	for what, want := range map[string]string{
		"die":    "the supervisor exited before the VM ran: exit status 3",
		"babble": "the supervisor's report is malformed",
		"{":      "unexpected end of JSON input",
		"{}":     "invalid VM specification: no name",
	} {
		if err := launchAs(t, what); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %q", what, err, want)
		}
	}
	if err := Launch(t.Context(), "/no/such/program", nil, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no program: got error %v, want error %v", err, fs.ErrNotExist)
	}
}

func TestLaunchErrorsKeepType(t *testing.T) {
	v := newVM(t)
	if err := os.Rename(v.spec.Dir.Disk(), v.spec.Dir.Undo()); err != nil {
		t.Fatal(err)
	}
	if err := v.launch(); !errors.Is(err, vm.ErrNoDisk) {
		t.Errorf("no disk: got error %v, want error %v", err, vm.ErrNoDisk)
	}
	if err := os.Rename(v.spec.Dir.Undo(), v.spec.Dir.Disk()); err != nil {
		t.Fatal(err)
	}

	lock, err := durable.TryLock(v.spec.Dir.Lock(), durable.Activity{Code: "snapshot_create", Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	var busy *durable.Busy
	if err := v.launch(); !errors.As(err, &busy) || busy.Holder.Activity != (durable.Activity{Code: "snapshot_create", Name: "x"}) || busy.Holder.PID != os.Getpid() {
		t.Errorf("busy: got error %v, details %+v; want this process and its activity", err, busy)
	}
	if _, err := client.Connect(t.Context(), v.spec.Dir, v.spec.RunDir, nil); !errors.Is(err, client.ErrNotRunning) {
		t.Errorf("connect while a job has the lock: got error %v, want error %v", err, client.ErrNotRunning)
	}
	if err := StopOrphan(t.Context(), v.spec.Dir, true, 0); !errors.Is(err, client.ErrNotRunning) {
		t.Errorf("stop while a job has the lock: got error %v, want error %v", err, client.ErrNotRunning)
	}
	_ = lock.Close()

	v.spec.Accel = qemu.HVF
	if err := v.launch(); !errors.Is(err, qemu.ErrNoAccelerator) {
		t.Errorf("no such accelerator: got error %v, want error %v", err, qemu.ErrNoAccelerator)
	}
	v.spec.Accel = qemu.TCG
	memory := v.spec.MemoryMB
	v.spec.MemoryMB = 1 << 30 // more than a process can address
	if err := v.launch(); !errors.Is(err, qemu.ErrNoMemory) || !strings.Contains(err.Error(), "1073741824 MB") {
		t.Errorf("too much memory: got error %v, want error %v, %q in it", err, qemu.ErrNoMemory, "1073741824 MB")
	}
	v.spec.MemoryMB = memory
	v.spec.Kernel = string(v.spec.Dir) + "/no-kernel"
	if err := v.launch(); err == nil || !strings.Contains(err.Error(), "no-kernel") {
		t.Errorf("no kernel: got error %v, want %q in it", err, "no-kernel")
	}
	t.Setenv("PATH", t.TempDir())
	if err := v.launch(); !errors.Is(err, qemu.ErrNoQEMU) {
		t.Errorf("no QEMU: got error %v, want error %v", err, qemu.ErrNoQEMU)
	}
	v.checkNoLeftovers()
	if held, _ := durable.IsLocked(v.spec.Dir.Lock()); held {
		t.Error("the lock is held after failures")
	}
}

func TestCanceledLaunchStopsVM(t *testing.T) {
	v := newVM(t)
	hangingQEMU(t)
	ctx, cancel := context.WithCancel(t.Context())
	v.launchCtx = ctx
	launched := make(chan error)
	go func() { launched <- v.launch() }()
	v.waitForRecord(launched)
	cancel()
	if err := receive(t, launched, "the launch ends"); !errors.Is(err, context.Canceled) {
		t.Fatalf("got error %v, want error %v", err, context.Canceled)
	}
	if held, _ := durable.IsLocked(v.spec.Dir.SupervisorLock()); held {
		t.Fatal("the supervisor is still running after a canceled launch")
	}
	if held, _ := durable.IsLocked(v.spec.Dir.Lock()); held {
		t.Fatal("QEMU is still running after a canceled launch")
	}
	v.checkNoLeftovers()
}
