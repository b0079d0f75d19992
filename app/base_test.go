package app

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/home"
)

// The base of an image is a snapshot file like any other.
func TestImageBaseHasNamesOfSnapshots(t *testing.T) {
	dir := home.Dir(t.TempDir()).Image("base")
	if got, want := dir.Base("x"), snapshot.File(string(dir), "x"); got != want {
		t.Errorf("base: got %s, want %s", got, want)
	}
	if got, want := dir.BaseIndex("x"), snapshot.IndexFile(string(dir), "x"); got != want {
		t.Errorf("index: got %s, want %s", got, want)
	}
}

// bootable returns a disk of 4 MiB with a boot sector, as images must have.
func bootable(seed byte) []byte {
	disk := randomBytes(4<<20, seed)
	disk[510], disk[511] = 0x55, 0xaa
	return disk
}

// serviceWithImage returns a Service with an image called base.
func serviceWithImage(t *testing.T, disk []byte) *Service {
	t.Helper()
	file := filepath.Join(t.TempDir(), "image.raw")
	if err := os.WriteFile(file, disk, durable.FileMode); err != nil {
		t.Fatal(err)
	}
	s := New(Options{Home: home.Dir(t.TempDir())})
	if err := waitJob(s.ImportImage(t.Context(), file, "base", true)); err != nil {
		t.Fatal(err)
	}
	return s
}

// firstSnapshot takes a snapshot of a VM and returns it.
func firstSnapshot(t *testing.T, s *Service, name string) Snapshot {
	t.Helper()
	taking, err := s.CreateSnapshot(t.Context(), name, NewSnapshot{Name: "first"})
	if err := waitJob(taking, err); err != nil {
		t.Fatal(err)
	}
	return taking.Result()
}

// The first snapshots of VMs reuse the base of their image, although their disks are larger. A
// damaged base is reported and removed; without one, snapshots are taken as well.
func TestFirstSnapshotReusesImageBase(t *testing.T) {
	s := serviceWithImage(t, bootable(1))
	imageBase := func() string {
		m, err := s.imageStore(nil).Get("base")
		if err != nil {
			t.Fatal(err)
		}
		return m.Base
	}
	createVM := func(name string) {
		if err := waitJob(s.CreateFromImage(t.Context(), NewVM{Name: name, Image: "base", DiskSizeMB: 64, Force: true})); err != nil {
			t.Fatal(err)
		}
	}
	createVM("without")
	if snap := firstSnapshot(t, s, "without"); snap.Reused != 0 || len(snap.Notes) > 0 {
		t.Errorf("without a base: got %d bytes reused, notes %q, want 0 and none", snap.Reused, snap.Notes)
	}
	if err := s.WriteImageBase(t.Context(), "base"); err != nil {
		t.Fatal(err)
	}
	createVM("with")
	snap := firstSnapshot(t, s, "with")
	if snap.Reused < 4<<20 || len(snap.Notes) > 0 {
		t.Errorf("with a base: got %d bytes reused, notes %q, want at least %d and none", snap.Reused, snap.Notes, 4<<20)
	}
	if snap.DiskSize != 64<<20 {
		t.Errorf("got a snapshot of %d bytes, want the VM's disk of %d", snap.DiskSize, 64<<20)
	}

	f, err := os.OpenFile(imageBase(), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("damage"), 2<<20); err != nil {
		t.Fatal(err)
	}
	createVM("damaged")
	snap = firstSnapshot(t, s, "damaged")
	if len(snap.Notes) != 1 || !strings.Contains(snap.Notes[0], "damaged") {
		t.Errorf("with a damaged base: got notes %q, want one about it", snap.Notes)
	}
	if err := waitJob(s.VerifySnapshot(t.Context(), "damaged", "first", false)); err != nil {
		t.Errorf("verify the snapshot taken with a damaged base: %v", err)
	}
	if got := imageBase(); got != "" {
		t.Errorf("got base %s after it was found damaged, want none", got)
	}
	if err := s.WriteImageBase(t.Context(), "base"); err != nil || imageBase() == "" {
		t.Errorf("write the base again: got base %q, error %v, want one", imageBase(), err)
	}
}

// The first snapshots of clones reuse the snapshot that the disk comes from, also when that or its
// VM was renamed. If it was deleted, they reuse nothing.
func TestFirstSnapshotOfCloneReusesSource(t *testing.T) {
	s := serviceWithDisk(t, randomBytes(4<<20, 1))
	takeSnapshot(t, s, "one")
	if err := waitJob(s.CloneSnapshot(t.Context(), "dev", "one", NewVM{Name: "clone"})); err != nil {
		t.Fatal(err)
	}
	if err := waitJob(s.CloneVM(t.Context(), "dev", NewVM{Name: "copy"})); err != nil {
		t.Fatal(err)
	}
	if err := waitJob(s.CloneVM(t.Context(), "clone", NewVM{Name: "copy-of-clone"})); err != nil {
		t.Fatal(err)
	}
	if err := waitJob(s.CloneVM(t.Context(), "clone", NewVM{Name: "late"})); err != nil {
		t.Fatal(err)
	}
	if err := s.RenameSnapshot(t.Context(), "dev", "one", "two"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RenameVM(t.Context(), "dev", "renamed"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"clone", "copy", "copy-of-clone"} {
		if snap := firstSnapshot(t, s, name); snap.Reused < 4<<20 {
			t.Errorf("%s: got %d bytes reused, want at least %d", name, snap.Reused, 4<<20)
		}
	}
	if err := s.DeleteSnapshot(t.Context(), "renamed", "two"); err != nil {
		t.Fatal(err)
	}
	if snap := firstSnapshot(t, s, "late"); snap.Reused != 0 {
		t.Errorf("without the source: got %d bytes reused, want 0", snap.Reused)
	}
	if got, err := os.ReadFile(s.vms.Dir("copy").Disk()); err != nil || !bytes.Equal(got, randomBytes(4<<20, 1)) {
		t.Errorf("disk of the copy: got %d bytes, error %v, want those of the source", len(got), err)
	}
}

// A source with the right ID, but other contents, is not used.
func TestSourceMustHaveSameDigest(t *testing.T) {
	s := serviceWithDisk(t, randomBytes(1<<20, 1))
	takeSnapshot(t, s, "one")
	e, err := s.entry("dev")
	if err != nil {
		t.Fatal(err)
	}
	r := s.copySource(t.Context(), e)
	if got := s.findSource(t.Context(), r); got != snapshot.File(s.vms.Dir("dev").Snapshots(), "one") {
		t.Errorf("source of %+v: got %q, want the snapshot", r, got)
	}
	for name, wrong := range map[string]sourceRef{
		"no snapshot": {}, "VM": {vm.Defaults("other").ID, r.ID, r.Digest}, "ID": {r.VM, r.Digest[:32], r.Digest}, "digest": {r.VM, r.ID, strings.Repeat("0", 64)},
	} {
		if got := s.findSource(t.Context(), wrong); got != "" {
			t.Errorf("wrong %s: got %q, want none", name, got)
		}
	}
}
