package host

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"vmterminal/app/ondisk"
	"vmterminal/vm"
	"vmterminal/vm/qemu"
)

func launchAs(t *testing.T, what string) error {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Launch(t.Context(), exe, []string{"-test.run=^$"}, []string{envSpec + "=" + what})
}

func TestLaunchOfAHostProcessThatFails(t *testing.T) {
	for what, want := range map[string]string{
		"die":    "the host process ended before the VM ran: exit status 3",
		"babble": "the host process reported what cannot be read",
		"{":      "unexpected end of JSON input",
		"{}":     "cannot run such a VM: it has no name",
	} {
		if err := launchAs(t, what); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %q", what, err, want)
		}
	}
	if err := Launch(t.Context(), "/no/such/program", nil, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no program: %v", err)
	}
}

func TestLaunchErrorsKeepTheirKind(t *testing.T) {
	v := newVM(t)
	if err := os.Rename(v.spec.Dir.Disk(), v.spec.Dir.Undo()); err != nil {
		t.Fatal(err)
	}
	if err := v.launch(); !errors.Is(err, vm.ErrNoDisk) {
		t.Errorf("no disk: %v", err)
	}
	if err := os.Rename(v.spec.Dir.Undo(), v.spec.Dir.Disk()); err != nil {
		t.Fatal(err)
	}

	lock, err := ondisk.TryLock(v.spec.Dir.Lock(), "taking snapshot 'x'")
	if err != nil {
		t.Fatal(err)
	}
	var busy *ondisk.Busy
	if err := v.launch(); !errors.As(err, &busy) || busy.Holder.Doing != "taking snapshot 'x'" || busy.Holder.PID != os.Getpid() {
		t.Errorf("busy: %v, %+v", err, busy)
	}
	if _, err := Connect(t.Context(), v.spec.Dir, v.spec.RunDir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("connect while a job has the lock: %v", err)
	}
	if err := StopOrphan(t.Context(), v.spec.Dir, true, 0); !errors.Is(err, ErrNotRunning) {
		t.Errorf("stop while a job has the lock: %v", err)
	}
	_ = lock.Close()

	short := v.spec.RunDir
	v.spec.RunDir += "/" + strings.Repeat("x", 100)
	if err := v.launch(); !errors.Is(err, qemu.ErrPathTooLong) {
		t.Errorf("long path: %v", err)
	}
	v.spec.RunDir = short

	v.spec.Accel = qemu.HVF
	if err := v.launch(); !errors.Is(err, qemu.ErrNoAccelerator) {
		t.Errorf("no such accelerator: %v", err)
	}
	v.spec.Accel = qemu.TCG
	v.spec.Kernel = string(v.spec.Dir) + "/no-kernel"
	if err := v.launch(); err == nil || !strings.Contains(err.Error(), "no-kernel") {
		t.Errorf("no kernel: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if err := v.launch(); !errors.Is(err, qemu.ErrNoQEMU) {
		t.Errorf("no QEMU: %v", err)
	}
	v.nothingLeft()
	if held, _ := ondisk.Held(v.spec.Dir.Lock()); held {
		t.Error("the lock is held after failures")
	}
}

func TestCancelledLaunchStopsTheVM(t *testing.T) {
	v := newVM(t)
	ctx, cancel := context.WithCancel(t.Context())
	v.launchCtx = ctx
	launched := make(chan error)
	go func() { launched <- v.launch() }()
	for { // until the host process is there
		if held, _ := ondisk.Held(v.spec.Dir.HostLock()); held {
			break
		}
		runtime.Gosched()
	}
	cancel()
	if err := <-launched; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if held, _ := ondisk.Held(v.spec.Dir.HostLock()); held {
		t.Fatal("the host process runs after a cancelled launch")
	}
	if held, _ := ondisk.Held(v.spec.Dir.Lock()); held {
		t.Fatal("QEMU runs after a cancelled launch")
	}
	v.nothingLeft()
}

func TestErrorsTravel(t *testing.T) {
	for _, c := range codes {
		got := toRemote(errors.Join(errors.New("some words"), c.is))
		if !errors.Is(got, c.is) || !strings.Contains(got.Error(), "some words") {
			t.Errorf("%s became %v", c.code, got)
		}
	}
	if got := toRemote(syscall.EIO); got.Code != "" || got.Unwrap() != nil {
		t.Errorf("an error without a code became %+v", got)
	}
}
