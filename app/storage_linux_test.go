package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/counttest"
	"vmterminal/vm"
	"vmterminal/vm/home"
)

// manyVMs returns a Service with n VMs, which have no lock files.
func manyVMs(t testing.TB, n int) *Service {
	t.Helper()
	root := home.Dir(filepath.Join(t.TempDir(), "home"))
	s := New(Options{Home: root})
	list := struct {
		Version int     `json:"version"`
		VMs     []vm.VM `json:"vms"`
	}{Version: 1}
	for i := range n {
		v := vm.Defaults(fmt.Sprintf("vm%03d", i))
		dir := root.VM(v.Name)
		if err := errors.Join(os.MkdirAll(dir.Snapshots(), 0o700), os.WriteFile(dir.Disk(), []byte("disk"), 0o600)); err != nil {
			t.Fatal(err)
		}
		list.VMs = append(list.VMs, v)
	}
	if err := durable.ReplaceJSON(root.VMs(), list); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestListingsReadVMsOnce counts how often the list of VMs is read.
func TestListingsReadVMsOnce(t *testing.T) {
	s := manyVMs(t, 20)
	count := counttest.Watch(t, string(s.Home()))
	for what, list := range map[string]func() error{
		"VMs":     func() error { _, _, err := s.VMs(t.Context()); return err },
		"storage": func() error { _, err := s.Storage(t.Context()); return err },
		"jobs":    func() error { _, err := s.RunningJobs(t.Context()); return err },
	} {
		if err := list(); err != nil {
			t.Fatal(err)
		}
		if got := count()[filepath.Base(s.Home().VMs())].Opened; got < 1 || got > 2 { // the active VM is looked up separately
			t.Errorf("%s: got %d reads of the list of VMs, want 1 or 2", what, got)
		}
	}
}

func BenchmarkListOf300VMs(b *testing.B) {
	s := manyVMs(b, 300)
	for b.Loop() {
		if list, _, err := s.VMs(b.Context()); err != nil || len(list) != 300 {
			b.Fatal(len(list), err)
		}
	}
}

func BenchmarkStorageOf300VMs(b *testing.B) {
	s := manyVMs(b, 300)
	for b.Loop() {
		if all, err := s.Storage(b.Context()); err != nil || len(all.VMs) != 300 {
			b.Fatal(len(all.VMs), err)
		}
	}
}
