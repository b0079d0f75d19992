package app

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"vmterminal/app/ondisk"
	"vmterminal/vm"
)

// Once the disk is another one a cancel comes too late, and must not say that
// nothing was done.
func TestCancelAfterTheSwap(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho '{\"ok\":true}' >&3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	home, err := os.MkdirTemp("", "vmt") // socket paths are short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(home)
	s := New(Options{Home: ondisk.Home(home), Program: program})
	if err := s.vms.Create(vm.Defaults("dev"), vm.Fill(func(*os.File) error { return nil })); err != nil {
		t.Fatal(err)
	}
	e, err := s.entry("dev")
	if err != nil {
		t.Fatal(err)
	}
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
}
