package app

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vmterminal/app/job"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/lazydisk"
	"vmterminal/vm"
	"vmterminal/vm/home"
)

func TestTemporaryName(t *testing.T) {
	long := strings.Repeat("ä", durable.MaxName/2)
	for name, want := range map[string]string{"one": "one-try-12", long: strings.Repeat("ä", (durable.MaxName-7)/2) + "-try-12"} {
		got := temporaryName(name, 12)
		if got != want || durable.CheckName(got) != nil {
			t.Errorf("temporaryName(%q, 12) = %q (%v), want the valid name %q", name, got, durable.CheckName(got), want)
		}
	}
}

func createTemporary(t *testing.T, s *Service) (vm.Entry, *durable.Lock) {
	t.Helper()
	e, err := s.entry("dev")
	if err != nil {
		t.Fatal(err)
	}
	info, err := snapshot.Open(SnapshotPaths(s.vms.Dir("dev"))).Get(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	v, lock, err := s.createTemporary(t.Context(), e, info, BootOptions{}, job.NewDiscardMeter())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lock.Close() })
	return v, lock
}

func vmNames(t *testing.T, s *Service) (names []string) {
	t.Helper()
	list, _, err := s.VMs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range list {
		names = append(names, v.Name)
	}
	return names
}

// A temporary VM is not swept between its creation and its start, and is swept afterwards if it
// does not run.
func TestSweepTemporary(t *testing.T) {
	s, _ := vmWithSnapshot(t, make([]byte, 1<<20))
	one, oneLock := createTemporary(t, s)
	two, twoLock := createTemporary(t, s)
	if !one.Network.Isolated || one.ID == two.ID || one.MAC == two.MAC {
		t.Errorf("got isolated %v and the IDs %s and %s, want isolated VMs with their own identities", one.Network.Isolated, one.ID, two.ID)
	}
	if got, want := vmNames(t, s), []string{"dev", "one-try-1", "one-try-2"}; !slices.Equal(got, want) {
		t.Errorf("VMs that are being started: got %v, want %v", got, want)
	}
	if err := oneLock.Close(); err != nil {
		t.Fatal(err)
	}
	runs, err := durable.TryLock(s.vms.Dir(two.Name).Lock(), durable.Activity{})
	if err != nil {
		t.Fatal(err)
	}
	if err := twoLock.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := vmNames(t, s), []string{"dev", "one-try-2"}; !slices.Equal(got, want) {
		t.Errorf("VMs, of which one runs: got %v, want %v", got, want)
	}
	runs.Close()
	if got, want := vmNames(t, s), []string{"dev"}; !slices.Equal(got, want) {
		t.Errorf("VMs after all have stopped: got %v, want %v", got, want)
	}
	left, err := filepath.Glob(filepath.Join(s.opt.Home.Data(), "*"))
	if want := string(s.vms.Dir("dev")); err != nil || !slices.Equal(left, []string{want}) {
		t.Errorf("folders of VMs: got %v, want only %s", left, want)
	}
}

// A VM that was kept is not deleted, and its disk can be filled in.
func TestKeepVM(t *testing.T) {
	disk := bytes.Repeat([]byte("contents of disk"), 100_000)
	s, _ := vmWithSnapshot(t, disk)
	v, lock := createTemporary(t, s)
	if fill := newTestLazyDisk(t, s.vms.Dir(v.Name), !v.Temporary); fill {
		t.Error("the disk of a temporary VM is filled in")
	}
	if _, err := s.KeepVM(t.Context(), v.Name); err != nil {
		t.Fatal(err)
	}
	lock.Close()
	s.deleteTemporary(t.Context(), v) // as its supervisor does, which does not know that it was kept
	kept, err := s.entry(v.Name)
	if err != nil || kept.Temporary {
		t.Fatalf("the kept VM: got temporary %v, error %v, want an ordinary VM", kept.Temporary, err)
	}
	if fill := newTestLazyDisk(t, s.vms.Dir(v.Name), !kept.Temporary); !fill {
		t.Error("the disk of the kept VM is not filled in")
	}
	if err := completeDisk(t.Context(), s.vms.Dir(v.Name), s.vms.Dir(v.Name).Disk(), job.NewDiscardMeter()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(s.vms.Dir(v.Name).Disk()); err != nil || !bytes.Equal(got, disk) {
		t.Errorf("the kept disk: got %d bytes, error %v, want the contents of the snapshot", len(got), err)
	}
	if _, err := s.KeepVM(t.Context(), v.Name); !errors.Is(err, ErrState) {
		t.Errorf("keep an ordinary VM: got %v, want ErrState", err)
	}
}

// newTestLazyDisk reports whether a supervisor would fill in the disk.
func newTestLazyDisk(t *testing.T, dir home.VMDir, fill bool) bool {
	t.Helper()
	if m, err := lazydisk.Read(dir.Disk()); err != nil || m == nil {
		t.Fatalf("the disk: got %+v, %v, want a lazy disk", m, err)
	}
	l, err := newLazyDisk(t.Context(), dir, fill)
	if err != nil {
		t.Fatal(err)
	}
	return l.Fill != nil
}

func TestTemporaryVMRefusesSnapshots(t *testing.T) {
	s, _ := vmWithSnapshot(t, make([]byte, 1<<20))
	v, _ := createTemporary(t, s)
	if _, err := s.CreateSnapshot(t.Context(), v.Name, NewSnapshot{Name: "two"}); !errors.Is(err, ErrTemporary) {
		t.Errorf("snapshot of a temporary VM: got %v, want ErrTemporary", err)
	}
	if _, err := s.ImportSnapshot(v.Name, "file", "two"); !errors.Is(err, ErrTemporary) {
		t.Errorf("import into a temporary VM: got %v, want ErrTemporary", err)
	}
	if _, err := s.SetAutomatic(t.Context(), v.Name, Automatic{Every: MinAutomaticEvery}); !errors.Is(err, ErrTemporary) {
		t.Errorf("automatic snapshots of a temporary VM: got %v, want ErrTemporary", err)
	}
}

func TestBootOutput(t *testing.T) {
	for text, want := range map[string]bool{
		"Debian GNU/Linux 13 debian ttyS0\r\n\r\ndebian login: ": true,
		"one login: \r\n":       false,
		"no login: here":        false,
		"\ndev login: root\r\n": false,
	} {
		o := &bootOutput{}
		_, _ = o.Write([]byte(text))
		if got := o.matches(loginPrompt); got != want {
			t.Errorf("login prompt in %q: got %v, want %v", text, got, want)
		}
	}
	o := &bootOutput{}
	for range maxBootOutput {
		_, _ = o.Write([]byte("line\r\n"))
	}
	if got := o.end(); len(got) != maxBootLines || got[0] != "line" {
		t.Errorf("end of the output: got %q, want %d lines", got, maxBootLines)
	}
}
