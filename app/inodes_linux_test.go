package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"vmterminal/app/doctor"
	"vmterminal/app/problem"
	"vmterminal/vm/home"
)

// A file system can run out of inodes while it has free bytes. Deleting a snapshot hardly helps
// then.
func TestNoSpaceNamesInodes(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can mount file systems")
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1g,nr_inodes=40"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	for i := 0; ; i++ {
		f, err := os.Create(filepath.Join(dir, fmt.Sprint(i)))
		if errors.Is(err, unix.ENOSPC) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	s := New(Options{Home: home.Dir(filepath.Join(dir, "home"))})
	_, err := s.CreateVM(t.Context(), NewVM{Name: "dev"})
	if p := Explain(err); p.Code != problem.NoInodes || p.Exit != problem.ExitNoSpace {
		t.Errorf("create: got code %q, exit %d, want %q, %d (error: %v)", p.Code, p.Exit, problem.NoInodes, problem.ExitNoSpace, err)
	}
	if found := s.Doctor(t.Context()); !slices.ContainsFunc(found, func(f doctor.Finding) bool { return f.Code == doctor.SpaceNoInodes }) {
		t.Errorf("doctor found %+v, want a finding with code %q", found, doctor.SpaceNoInodes)
	}
}
