package vm

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"vmterminal/snapshot/durable"
)

func TestRename(t *testing.T) {
	s := newStore(t)
	createVM(t, s, "dev")
	createVM(t, s, "other")
	if err := s.SetActive("dev"); err != nil {
		t.Fatal(err)
	}
	was, err := s.Get("dev")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, to string
		want     error
	}{{"dev", "other", ErrExists}, {"dev", "OTHER", ErrExists}, {"dev", "a/b", durable.ErrBadName}, {"nobody", "x", ErrNotFound}} {
		if err := s.Rename(c.name, c.to); !errors.Is(err, c.want) {
			t.Errorf("Rename(%s, %s): %v, want %v", c.name, c.to, err, c.want)
		}
	}
	for _, to := range []string{"work", "Work", "work2", "dev"} {
		from, err := s.Active()
		if err == nil {
			err = s.Rename(from.Name, to)
		}
		if err != nil {
			t.Fatal(err)
		}
		now, err := s.Active()
		was.Name = to
		if err != nil || now.Name != to || !reflect.DeepEqual(now.VM, was.VM) || now.Broken != nil || to != from.Name && pathExists(string(s.Dir(from.Name))) {
			t.Errorf("Active after Rename to %s = %+v, %v; want %+v", to, now, err, was.VM)
		}
	}
	if err := os.Mkdir(string(s.Dir("left")), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.Rename("dev", "left"); !errors.Is(err, ErrDataExists) {
		t.Errorf("Rename to an existing folder: %v, want ErrDataExists", err)
	}
}

// If Rename is interrupted while the folder has its temporary name, before or after the list
// changes, nothing is lost, and the VM remains active.
func TestRenameInterrupted(t *testing.T) {
	for _, listed := range []string{"dev", "work"} {
		s := newStore(t)
		createVM(t, s, "dev")
		createVM(t, s, "other")
		if err := s.writeActive("work", "dev"); err != nil {
			t.Fatal(err)
		}
		e, err := s.Get("dev")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(string(s.Dir("dev")), filepath.Join(s.Home().Data(), movingPrefix+e.ID)); err != nil {
			t.Fatal(err)
		}
		all, err := s.readList()
		if err != nil {
			t.Fatal(err)
		}
		all.VMs[all.find("dev")].Name = listed
		if err := durable.ReplaceJSON(s.Home().VMs(), all); err != nil {
			t.Fatal(err)
		}
		now, err := s.Active()
		if err != nil || now.Name != listed || now.ID != e.ID || now.Broken != nil {
			t.Errorf("Active = %+v, %v; want %s", now, err, listed)
		}
	}
}

// If the folder cannot be renamed after the list was written, the list and the folder are
// reverted.
func TestFailedAfterWriteUndoesFolders(t *testing.T) {
	s := newStore(t)
	createVM(t, s, "dev")
	failure, undone := errors.New("no"), false
	err := s.changeList(func(r *rows) error {
		r.VMs[0].Name = "work"
		r.undo = func() { undone = true }
		r.afterWrite = func() error { return failure }
		return nil
	})
	if !errors.Is(err, failure) || !undone {
		t.Errorf("change: %v, want %v; folders restored: %v, want true", err, failure, undone)
	}
	if got := listNames(t, s); !slices.Equal(got, []string{"dev"}) {
		t.Errorf("list = %v, want dev", got)
	}
}

// A folder with a temporary name must be kept if another folder has its VM's name.
func TestFolderOfListedVMIsKept(t *testing.T) {
	s := newStore(t)
	createVM(t, s, "dev")
	e, err := s.Get("dev")
	if err != nil {
		t.Fatal(err)
	}
	between := filepath.Join(s.Home().Data(), movingPrefix+e.ID)
	if err := errors.Join(os.Rename(string(s.Dir("dev")), between), os.Mkdir(string(s.Dir("dev")), 0o700)); err != nil {
		t.Fatal(err)
	}
	createVM(t, s, "next") // calls recoverFolders
	if !pathExists(between) {
		t.Error("the folder with the VM's disk was removed, want it kept")
	}
}

func TestRenameWithoutID(t *testing.T) {
	s := newStore(t)
	createVM(t, s, "dev")
	if err := s.Update("dev", func(v *VM) error { v.ID = ""; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.Rename("dev", "work"); err != nil {
		t.Fatal(err)
	}
	if e, err := s.Get("work"); err != nil || !isID(e.ID) || e.Broken != nil {
		t.Errorf("Get = %+v, %v; want an intact VM with an ID", e, err)
	}
}
