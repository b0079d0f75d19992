package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable/lazydisk"
	"vmterminal/vm"
	"vmterminal/vm/home"
)

// A foreign snapshot may contain a disk that is smaller than the minimum size. A VM can be created
// from it, deleted and adopted again.
func TestCloneSmallDisk(t *testing.T) {
	ctx := context.Background()
	s, _, _ := vmWithFakeSupervisor(t)
	disk := bytes.Repeat([]byte("small disk here."), 1000-8)
	file := filepath.Join(t.TempDir(), "small.raw.gz")
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(disk); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	job, err := s.ImportSnapshot("dev", file, "small")
	if err == nil {
		err = job.Wait(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	cloning, err := s.CloneSnapshot(ctx, "dev", "small", NewVM{Name: "copy"})
	if err == nil {
		err = cloning.Wait(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteVM(ctx, "copy", false); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateVM(ctx, NewVM{Name: "copy", Adopt: true}); err != nil {
		t.Fatal(err)
	}
	e, err := s.entry("copy")
	if err != nil || e.Broken != nil || e.DiskSizeMB != vm.MinDiskSizeMB {
		t.Errorf("adopted VM: got size %d MB, problem %v, error %v, want the minimum size and no problem", e.DiskSizeMB, e.Broken, err)
	}
	if got, err := os.ReadFile(s.vms.Dir("copy").Disk()); err != nil || !bytes.Equal(got, disk) {
		t.Errorf("disk of the adopted VM: got %d bytes, error %v, want the contents of the snapshot", len(got), err)
	}
}

// vmWithSnapshot returns a service with the VM dev, whose disk has the given contents, and its
// snapshot one.
func vmWithSnapshot(t *testing.T, disk []byte) (s *Service, started func() bool) {
	t.Helper()
	s, e, started := vmWithFakeSupervisor(t)
	if err := os.WriteFile(s.vms.Dir(e.Name).Disk(), disk, 0o600); err != nil {
		t.Fatal(err)
	}
	taking, err := s.CreateSnapshot(t.Context(), e.Name, NewSnapshot{Name: "one"})
	if err == nil {
		err = taking.Wait(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return s, started
}

// A clone that is started at once has a lazy disk, which does not need the other VM.
func TestCloneAndStart(t *testing.T) {
	ctx := t.Context()
	disk := bytes.Repeat([]byte("contents of disk"), 200_000)
	s, started := vmWithSnapshot(t, disk)
	cloning, err := s.CloneSnapshot(ctx, "dev", "one", NewVM{Name: "copy", Start: true})
	if err == nil {
		err = cloning.Wait(ctx)
	}
	if err != nil || !started() {
		t.Fatalf("clone and start: got %v, started %v, want no error and a started VM", err, started())
	}
	if err := s.DeleteVM(ctx, "dev", true); err != nil {
		t.Fatal(err)
	}
	dir := s.vms.Dir("copy")
	if m, err := lazydisk.Read(dir.Disk()); err != nil || m == nil || m.Name != "one" {
		t.Fatalf("the clone's disk: got %+v, %v, want a lazy disk of snapshot one", m, err)
	}
	if err := completeDisk(ctx, dir, dir.Disk(), job.NewDiscardMeter()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(dir.Disk()); err != nil || !bytes.Equal(got, disk) {
		t.Errorf("the clone's disk: got %d bytes, error %v, want the contents of the snapshot", len(got), err)
	}
}

func TestCloneWithFailedStart(t *testing.T) {
	ctx := t.Context()
	s, _ := vmWithSnapshot(t, make([]byte, 1<<20))
	s.opt.Program = filepath.Join(t.TempDir(), "missing")
	cloning, err := s.CloneSnapshot(ctx, "dev", "one", NewVM{Name: "copy", Start: true})
	if err == nil {
		err = cloning.Wait(ctx)
	}
	var f *Failure
	if !errors.As(err, &f) || f.Operation.Code != problem.OpVMStart || !slices.Equal(f.Disk, []problem.State{{Code: problem.VMCreated}}) {
		t.Errorf("clone with a start that fails: got %#v, want a failed start of a created VM", err)
	}
	if e, err := s.entry("copy"); err != nil || e.Broken != nil {
		t.Errorf("the clone: got %v, %v, want a VM", e.Broken, err)
	}
}

// A snapshot that a disk cannot be filled in from is copied.
func TestExtractDiskFallsBack(t *testing.T) {
	disk := []byte("its size is not a multiple of 512 bytes")
	s, _ := vmWithSnapshot(t, disk)
	store, to := snapshot.Open(SnapshotPaths(s.vms.Dir("dev"))), home.VMDir(t.TempDir())
	if err := extractDisk(t.Context(), store, "one", to, true, job.NewDiscardMeter()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(to.Disk()); err != nil || !bytes.Equal(got, disk) {
		t.Errorf("the new disk: got %d bytes, error %v, want the contents of the snapshot", len(got), err)
	}
}
