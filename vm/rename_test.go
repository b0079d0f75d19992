package vm

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"vmterminal/app/ondisk"
)

func TestRename(t *testing.T) {
	s := newStore(t)
	create(t, s, "dev")
	create(t, s, "other")
	if err := s.Use("dev"); err != nil {
		t.Fatal(err)
	}
	was, err := s.Get("dev")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, to string
		want     error
	}{{"dev", "other", ErrExists}, {"dev", "OTHER", ErrExists}, {"dev", "a/b", ondisk.ErrBadName}, {"nobody", "x", ErrNotFound}} {
		if err := s.Rename(c.name, c.to); !errors.Is(err, c.want) {
			t.Errorf("%s to %s: %v", c.name, c.to, err)
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
		if err != nil || now.Name != to || !reflect.DeepEqual(now.VM, was.VM) || now.Broken != nil || to != from.Name && exists(string(s.Dir(from.Name))) {
			t.Errorf("%s: %+v, %v", to, now, err)
		}
	}
	if err := os.Mkdir(string(s.Dir("left")), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.Rename("dev", "left"); !errors.Is(err, ErrLeftData) {
		t.Error(err)
	}
}

// TestRenameCutOff stops Rename between the folder's names, before and after the
// list has changed: nothing is lost, and the VM stays the active one.
func TestRenameCutOff(t *testing.T) {
	for _, listed := range []string{"dev", "work"} {
		s := newStore(t)
		create(t, s, "dev")
		create(t, s, "other")
		if err := s.setActive("work", "dev"); err != nil {
			t.Fatal(err)
		}
		e, err := s.Get("dev")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(string(s.Dir("dev")), filepath.Join(s.Home().Data(), newPrefix+e.ID)); err != nil {
			t.Fatal(err)
		}
		all, err := s.read()
		if err != nil {
			t.Fatal(err)
		}
		all.VMs[all.find("dev")].Name = listed
		if err := ondisk.ReplaceJSON(s.Home().VMs(), all); err != nil {
			t.Fatal(err)
		}
		now, err := s.Active()
		if err != nil || now.Name != listed || now.ID != e.ID || now.Broken != nil {
			t.Errorf("%s: %+v, %v", listed, now, err)
		}
	}
}

// TestFoldersGoBackWithTheList is a folder that cannot get its next name.
func TestFoldersGoBackWithTheList(t *testing.T) {
	s := newStore(t)
	create(t, s, "dev")
	failure, back := errors.New("no"), false
	err := s.change(func(r *rows) error {
		r.VMs[0].Name = "work"
		r.takeBack = func() { back = true }
		r.then = func() error { return failure }
		return nil
	})
	if !errors.Is(err, failure) || !back {
		t.Errorf("%v; taken back: %v", err, back)
	}
	if got := listed(t, s); !slices.Equal(got, []string{"dev"}) {
		t.Errorf("list: %v", got)
	}
}

// TestFolderOfAListedVMStays is a folder between two names whose place is taken.
func TestFolderOfAListedVMStays(t *testing.T) {
	s := newStore(t)
	create(t, s, "dev")
	e, err := s.Get("dev")
	if err != nil {
		t.Fatal(err)
	}
	between := filepath.Join(s.Home().Data(), newPrefix+e.ID)
	if err := errors.Join(os.Rename(string(s.Dir("dev")), between), os.Mkdir(string(s.Dir("dev")), 0o700)); err != nil {
		t.Fatal(err)
	}
	create(t, s, "next") // sweeps
	if !exists(between) {
		t.Error("a disk is lost")
	}
}

// TestRenameWithoutID is a VM that is known by no ID until then.
func TestRenameWithoutID(t *testing.T) {
	s := newStore(t)
	create(t, s, "dev")
	if err := s.Update("dev", func(v *VM) error { v.ID = ""; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.Rename("dev", "work"); err != nil {
		t.Fatal(err)
	}
	if e, err := s.Get("work"); err != nil || !isID(e.ID) || e.Broken != nil {
		t.Errorf("%+v, %v", e, err)
	}
}
