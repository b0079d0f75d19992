package vm

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"vmterminal/app/ondisk"
)

// Rename gives a VM another name, and its folder with it. The caller holds the
// VM's lock. A crash leaves one of the two names: the list decides, and the
// folder follows it. ErrExists when the name is another VM's, ErrLeftData when
// the folder of an earlier one is there.
func (s *Store) Rename(name, to string) error {
	if err := ondisk.CheckName(to); err != nil {
		return err
	}
	return s.change(func(r *rows) error {
		i := r.find(name)
		if i < 0 {
			return fmt.Errorf("%w: '%s'", ErrNotFound, name)
		}
		if other := r.find(to); other >= 0 && other != i {
			return taken(r.VMs[other].Name)
		}
		v := &r.VMs[i]
		old, dir := s.Dir(v.Name), s.Dir(to)
		if !ondisk.SameName(v.Name, to) && exists(string(dir)) {
			return leftData(dir)
		}
		if !isID(v.ID) {
			v.ID, _ = NewIdentity()
		}
		if err := s.renameActive(v.Name, to); err != nil {
			return ondisk.NotDone(err)
		}
		return s.moveFolder(r, v, old, dir, to)
	})
}

// moveFolder takes a folder's name away, so that it is the list that gives it the
// next one.
func (s *Store) moveFolder(r *rows, v *VM, old, dir ondisk.VMDir, to string) error {
	was := v.Name
	between := filepath.Join(s.home.Data(), newPrefix+v.ID)
	if exists(between) {
		return fmt.Errorf("%w: %s", ErrLeftData, between)
	}
	if err := os.Rename(string(old), between); err != nil {
		return err
	}
	r.takeBack = func() {
		_ = os.Rename(between, string(old))
		_ = s.renameActive(to, was)
	}
	if err := ondisk.SyncDir(s.home.Data()); err != nil {
		r.takeBack()
		return err
	}
	v.Name = to
	r.then = func() error {
		if err := os.Rename(between, string(dir)); err != nil {
			return err
		}
		_ = ondisk.SyncDir(s.home.Data()) // or settle renames it once more
		return nil
	}
	return nil
}

// renameActive lets the active VM be the active one under its next name. Until the
// list has that name it leads to no VM, and then none is active.
func (s *Store) renameActive(name, to string) error {
	active, err := s.activeName()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !ondisk.SameName(active, name):
		return nil
	}
	return s.setActive(to)
}
