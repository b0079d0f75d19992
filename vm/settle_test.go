package vm

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// TestCutOff stops Create and Delete between the change of the folder's name and
// that of the list: the list decides.
func TestCutOff(t *testing.T) {
	for _, c := range []struct {
		prefix string
		listed bool
	}{{newPrefix, true}, {newPrefix, false}, {gonePrefix, true}, {gonePrefix, false}} {
		for _, then := range []string{"list", "create", "delete"} {
			s := newStore(t)
			create(t, s, "other")
			create(t, s, "dev")
			e, err := s.Get("dev")
			if err != nil {
				t.Fatal(err)
			}
			if !c.listed {
				if err := s.Delete("dev", false); err != nil {
					t.Fatal(err)
				}
			}
			folder := filepath.Join(s.Home().Data(), c.prefix+e.ID)
			if err := os.Rename(string(s.Dir("dev")), folder); err != nil {
				t.Fatal(err)
			}
			switch then {
			case "create":
				create(t, s, "next")
			case "delete":
				if err := s.Delete("other", true); err != nil {
					t.Fatal(err)
				}
			}
			now, err := s.Get("dev")
			if (err == nil) != c.listed || now.Broken != nil || c.listed && !reflect.DeepEqual(now.VM, e.VM) {
				t.Errorf("%+v, %s: %+v, %v", c, then, now, err)
			}
			if then == "list" && !c.listed {
				continue // reading sweeps nothing
			}
			if exists(folder) || exists(string(s.Dir("dev"))) != c.listed {
				t.Errorf("%+v, %s: the folder has not the name it should have", c, then)
			}
		}
	}
}

// TestIDFromOutside is a list in which someone has written what is no ID.
func TestIDFromOutside(t *testing.T) {
	s := newStore(t)
	create(t, s, "dev")
	err := s.change(func(r *rows) error {
		r.VMs[0].ID = "../../x"
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete("dev", true); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(s.Home().Data()); len(left) != 0 {
		t.Errorf("left are %v", left)
	}
}

// TestListIsTakenBack is a change of which the part after the list fails.
func TestListIsTakenBack(t *testing.T) {
	s := newStore(t)
	create(t, s, "first")
	fails := errors.New("cannot be done")
	err := s.change(func(r *rows) error {
		r.VMs = append(r.VMs, Defaults("dev"))
		r.then = func() error { return fails }
		return nil
	})
	if !errors.Is(err, fails) {
		t.Errorf("the change: %v", err)
	}
	if got := listed(t, s); len(got) != 1 {
		t.Errorf("list: %v", got)
	}
}
