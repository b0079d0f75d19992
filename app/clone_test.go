package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"testing"

	"vmterminal/vm"
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
