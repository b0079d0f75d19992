package vm

import (
	"fmt"
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
	// By its ID a folder between two names is known to be this VM's: it has to be in
	// the list before.
	err := s.Update(name, func(v *VM) error {
		if !isID(v.ID) {
			v.ID, _ = NewIdentity()
		}
		return nil
	})
	if err != nil {
		return ondisk.NotDone(err)
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
		active, err := s.willBeActive(v.Name, to)
		if err != nil {
			return ondisk.NotDone(err)
		}
		return s.moveFolder(r, v, old, dir, to, active)
	})
}

// moveFolder takes a folder's name away, so that it is the list that gives it the
// next one.
func (s *Store) moveFolder(r *rows, v *VM, old, dir ondisk.VMDir, to string, active bool) error {
	between := filepath.Join(s.home.Data(), newPrefix+v.ID)
	if exists(between) {
		return fmt.Errorf("%w: %s", ErrLeftData, between)
	}
	if err := os.Rename(string(old), between); err != nil {
		return err
	}
	r.takeBack = func() { _ = os.Rename(between, string(old)) }
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
		if active {
			_ = s.setActive(to) // or the name before is of no use in it
		}
		return nil
	}
	return nil
}

// willBeActive lets the active VM be the active one under both names, and tells
// whether it is that VM.
func (s *Store) willBeActive(name, to string) (bool, error) {
	names, err := s.activeNames()
	if err != nil || !isAmong(name, names) {
		return false, err
	}
	return true, s.setActive(to, name)
}
