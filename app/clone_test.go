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

// A snapshot of another tool may be of a disk that is smaller than any that is
// made here: a VM can be made of it, deleted, and taken over again.
func TestCloneOfSmallDisk(t *testing.T) {
	ctx := context.Background()
	s, _, _ := startable(t)
	disk := bytes.Repeat([]byte("small disk "), 1000)
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
	job, err = s.CloneSnapshot(ctx, "dev", "small", NewVM{Name: "copy"})
	if err == nil {
		err = job.Wait(ctx)
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
		t.Errorf("%v %v %d", err, e.Broken, e.DiskSizeMB)
	}
	if got, err := os.ReadFile(s.vms.Dir("copy").Disk()); err != nil || !bytes.Equal(got, disk) {
		t.Errorf("another disk: %d bytes, %v", len(got), err)
	}
}
