package vm

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// If an operation is interrupted between renaming the folder and changing the list, the list
// determines whether the VM exists.
func TestRecoverFolders(t *testing.T) {
	for _, c := range []struct {
		prefix string
		listed bool
	}{{newPrefix, true}, {newPrefix, false}, {movingPrefix, true}, {deletedPrefix, true}, {deletedPrefix, false}} {
		for _, then := range []string{"list", "create", "delete"} {
			s := newStore(t)
			createVM(t, s, "other")
			createVM(t, s, "dev")
			e, err := s.Get("dev")
			if err != nil {
				t.Fatal(err)
			}
			if !c.listed {
				if err := s.Delete("dev", false, nil); err != nil {
					t.Fatal(err)
				}
			}
			folder := filepath.Join(s.Home().Data(), c.prefix+e.ID)
			if err := os.Rename(string(s.Dir("dev")), folder); err != nil {
				t.Fatal(err)
			}
			switch then {
			case "create":
				createVM(t, s, "next")
			case "delete":
				if err := s.Delete("other", true, nil); err != nil {
					t.Fatal(err)
				}
			}
			now, err := s.Get("dev")
			if (err == nil) != c.listed || now.Broken != nil || c.listed && !reflect.DeepEqual(now.VM, e.VM) {
				t.Errorf("%+v, then %s: Get = %+v, %v; want the VM unchanged, or an error if it is not listed", c, then, now, err)
			}
			if then == "list" && !c.listed {
				continue // reading removes nothing
			}
			if pathExists(folder) || pathExists(string(s.Dir("dev"))) != c.listed {
				t.Errorf("%+v, then %s: temporary folder exists: %v, VM's folder exists: %v; want false and %v", c, then, pathExists(folder), pathExists(string(s.Dir("dev"))), c.listed)
			}
		}
	}
}

// If Rename is interrupted and the VM's row is lost, the folder gets a visible name: it holds
// the only copy of the disk.
func TestRecoverFolderOfLostRow(t *testing.T) {
	s := newStore(t)
	createVM(t, s, "dev")
	e, err := s.Get("dev")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete("dev", false, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(string(s.Dir("dev")), filepath.Join(s.Home().Data(), movingPrefix+e.ID)); err != nil {
		t.Fatal(err)
	}
	createVM(t, s, "next")
	if dir := s.Dir(recoveredPrefix + e.ID); !pathExists(dir.Disk()) {
		left, _ := os.ReadDir(s.Home().Data())
		t.Errorf("no disk in %s; got folders %v", dir, left)
	}
}

func TestDeleteWithInvalidIDInList(t *testing.T) {
	s := newStore(t)
	createVM(t, s, "dev")
	err := s.changeList(func(r *rows) error {
		r.VMs[0].ID = "../../x"
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete("dev", true, nil); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(s.Home().Data()); len(left) != 0 {
		t.Errorf("remaining folders: %v, want none", left)
	}
}

func TestFailedAfterWriteRevertsList(t *testing.T) {
	s := newStore(t)
	createVM(t, s, "first")
	afterErr := errors.New("cannot be done")
	err := s.changeList(func(r *rows) error {
		r.VMs = append(r.VMs, row{VM: Defaults("dev")})
		r.afterWrite = func() error { return afterErr }
		return nil
	})
	if !errors.Is(err, afterErr) {
		t.Errorf("change: %v, want %v", err, afterErr)
	}
	if got := listNames(t, s); len(got) != 1 {
		t.Errorf("list = %v, want first", got)
	}
}
