package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/vm"
	"vmterminal/vm/home"
)

// vmWithFakeSupervisor returns a Service with a VM whose supervisor immediately reports that
// the VM is running. started reports whether the supervisor was started.
func vmWithFakeSupervisor(t *testing.T) (s *Service, e vm.Entry, started func() bool) {
	t.Helper()
	note := filepath.Join(t.TempDir(), "started")
	program := filepath.Join(t.TempDir(), "program")
	script := "#!/bin/sh\ntouch '" + note + "'\necho '{\"ok\":true}' >&3\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	root, err := os.MkdirTemp("", "vmt") // t.TempDir is too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	s = New(Options{Home: home.Dir(root), Program: program})
	if err := s.vms.Create(vm.Defaults("dev"), vm.FillDisk(func(*os.File) error { return nil })); err != nil {
		t.Fatal(err)
	}
	if e, err = s.entry("dev"); err != nil {
		t.Fatal(err)
	}
	return s, e, func() bool {
		_, err := os.Stat(note)
		return err == nil
	}
}

// A restore that is canceled after the disk was replaced succeeds.
func TestCancelAfterRestore(t *testing.T) {
	s, e, started := vmWithFakeSupervisor(t)
	swapped := make(chan struct{})
	canceled := make(chan struct{})
	restoring := runJob(s, job.Restore, job.Subject{VM: "dev", Name: "x"}, func(ctx context.Context, m job.Meter) (Restored, error) {
		return Restored{}, s.changeDisk(ctx, e, RestoreOptions{Start: true}, m, diskChange{}, func() error {
			close(swapped)
			<-canceled
			return nil
		})
	})
	<-swapped
	restoring.Cancel()
	close(canceled)
	if <-restoring.Done(); restoring.Err() != nil {
		t.Errorf("canceled after the disk was replaced: got %v, want no error", restoring.Err())
	}
	if !started() {
		t.Error("the VM was not started")
	}
}

// A VM that was stopped for a restore is started again, even if the restore fails.
func TestVMStartsAfterFailedRestore(t *testing.T) {
	for _, why := range []error{snapshot.ErrDamaged, context.Canceled} {
		s, e, started := vmWithFakeSupervisor(t)
		opt := RestoreOptions{Stop: true, Start: true} // the VM is stopped already
		err := s.changeDisk(t.Context(), e, opt, job.NewDiscardMeter(), diskChange{op: problem.Operation{Code: problem.OpSnapshotRestore}}, func() error { return why })
		if !errors.Is(err, why) {
			t.Errorf("got %v, want %v", err, why)
		}
		if !started() {
			t.Errorf("after %v: the VM was not started", why)
		}
	}
}

// A failed start is reported in addition to the failure before it.
func TestFailedRestoreAndFailedStart(t *testing.T) {
	s, e, _ := vmWithFakeSupervisor(t)
	s.opt.Program = "/nowhere"
	err := s.changeDisk(t.Context(), e, RestoreOptions{Start: true}, job.NewDiscardMeter(), diskChange{op: problem.Operation{Code: problem.OpSnapshotRestore}},
		func() error { return snapshot.ErrDamaged })
	if p := Explain(err); p.Exit != problem.ExitDamaged || len(p.Disk) != 2 || p.Disk[1].Code != problem.VMOff || p.Disk[1].Detail == "" {
		t.Errorf("got problem %+v, want the damage, and the state that the VM is off", p)
	}
}
