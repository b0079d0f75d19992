package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
	"vmterminal/vm"
)

// startable is a VM whose host process says at once that it runs, and notes in
// a file that it was started.
func startable(t *testing.T) (s *Service, e vm.Entry, started func() bool) {
	t.Helper()
	note := filepath.Join(t.TempDir(), "started")
	program := filepath.Join(t.TempDir(), "program")
	script := "#!/bin/sh\ntouch '" + note + "'\necho '{\"ok\":true}' >&3\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	home, err := os.MkdirTemp("", "vmt") // socket paths are short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	s = New(Options{Home: ondisk.Home(home), Program: program})
	if err := s.vms.Create(vm.Defaults("dev"), vm.Fill(func(*os.File) error { return nil })); err != nil {
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

// Once the disk is another one a cancel comes too late, and must not say that
// nothing was done.
func TestCancelAfterTheSwap(t *testing.T) {
	s, e, started := startable(t)
	swapped := make(chan struct{})
	cancelled := make(chan struct{})
	job := RunJob(JobRestore, "dev", "x", func(ctx context.Context, m Meter) (any, error) {
		return nil, s.changeDisk(ctx, e, RestoreOptions{Start: true}, m, diskChange{}, func() error {
			close(swapped)
			<-cancelled
			return nil
		})
	})
	<-swapped
	job.Cancel()
	close(cancelled)
	if <-job.Done(); job.Err() != nil {
		t.Errorf("cancelled after the swap: %v", job.Err())
	}
	if !started() {
		t.Error("the VM was not started")
	}
}

// A VM that was stopped for a restore runs again, whatever became of that.
func TestVMRunsAgainAfterAFailedRestore(t *testing.T) {
	for _, why := range []error{snapshot.ErrDamaged, context.Canceled} {
		s, e, started := startable(t)
		opt := RestoreOptions{Stop: true, Start: true} // it is stopped already
		err := s.changeDisk(t.Context(), e, opt, &meter{}, diskChange{doing: phrase("restore")}, func() error { return why })
		if !errors.Is(err, why) {
			t.Errorf("%v became %v", why, err)
		}
		if !started() {
			t.Errorf("after %v the VM stays off", why)
		}
	}
}

// A start that fails is told beside what failed before it.
func TestFailedRestoreAndFailedStart(t *testing.T) {
	s, e, _ := startable(t)
	s.opt.Program = "/nowhere"
	err := s.changeDisk(t.Context(), e, RestoreOptions{Start: true}, &meter{}, diskChange{doing: phrase("restore")},
		func() error { return snapshot.ErrDamaged })
	if p := Explain(err); p.Exit != ExitDamaged || !strings.Contains(p.Disk, "The VM is off") {
		t.Errorf("%+v", p)
	}
}
