package app

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/vm"
)

// randomBytes returns n incompressible bytes.
func randomBytes(n int, seed byte) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// Every kind of file has a different size, so that a kind that is omitted, counted twice or
// confused with another is noticed.
func TestStorageCountsEachKindOfFile(t *testing.T) {
	const (
		mib   = 1 << 20
		slack = 64 << 10 // headers and partly used blocks
	)
	s := serviceWithDisk(t, randomBytes(2*mib, 1))
	dir := s.vms.Dir("dev")
	if err := os.Truncate(dir.Disk(), 64*mib); err != nil { // holes use no space
		t.Fatal(err)
	}
	takeSnapshot(t, s, "one")
	write := func(path string, content []byte) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), durable.DirMode); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, durable.FileMode); err != nil {
			t.Fatal(err)
		}
	}
	write(dir.Disk(), randomBytes(5*mib, 2))
	takeSnapshot(t, s, "two")
	job, err := s.RestoreSnapshot(t.Context(), "dev", "one", RestoreOptions{})
	if err == nil {
		err = job.Wait(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := s.vms.Create(vm.Defaults("unlisted"), vm.FillDisk(func(f *os.File) error { _, err := f.Write(randomBytes(mib, 3)); return err })); err != nil {
		t.Fatal(err)
	}
	notFolder := s.vms.Dir("unlisted").Snapshots()
	if err := os.Remove(notFolder); err != nil {
		t.Fatal(err)
	}
	write(notFolder, nil)

	all, err := s.Storage(t.Context())
	if err != nil || len(all.VMs) != 2 {
		t.Fatalf("got %+v, error %v, want two VMs", all, err)
	}
	v, unlisted := all.VMs[0], all.VMs[1]
	for _, c := range []struct {
		what string
		got  int64
		want int64
	}{
		{"disk", v.Disk, 2 * mib},
		{"undo disk", v.Undo, 5 * mib},
		{"snapshot files", v.SnapshotBytes, 7 * mib},
		{"VM in all", v.Total(), 14 * mib},
		{"disk of the VM without a list", unlisted.Disk, mib},
		{"VM without a list in all", unlisted.Total(), mib},
	} {
		if c.got < c.want || c.got > c.want+slack*4 {
			t.Errorf("%s: got %d bytes, want %d and at most %d more", c.what, c.got, c.want, slack*4)
		}
	}
	if len(v.Snapshots) != 2 || v.Snapshots[0].Name != "two" || v.Snapshots[1].Name != "one" || v.Problem != nil {
		t.Errorf("got snapshots %+v, problem %v, want snapshots two and one, and no problem", v.Snapshots, v.Problem)
	}
	if unlisted.Problem == nil {
		t.Errorf("got %+v, want a problem, because the snapshots cannot be listed", unlisted)
	}
	if all.Free <= 0 || all.Total < all.Free {
		t.Errorf("got %d bytes free of %d, want some, but not more than the total", all.Free, all.Total)
	}
}
