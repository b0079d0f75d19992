package vm

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"vmterminal/app/ondisk"
)

// goneInfix stands in the name of the folder of a VM that is being deleted.
const goneInfix = ".gone-"

// Delete takes a VM from the list. With data its folder goes too, disk and
// snapshots; without, the folder stays and Adopt brings the VM back. The caller
// holds the VM's lock. ErrRemains when the VM is deleted but files of it are not.
func (s *Store) Delete(name string, data bool) error {
	var gone string
	err := s.change(func(r *rows) (err error) {
		i := r.find(name)
		if i < 0 {
			return fmt.Errorf("%w: '%s'", ErrNotFound, name)
		}
		v := r.VMs[i]
		if data {
			if gone, err = s.putOut(r, s.Dir(v.Name)); err != nil {
				return err
			}
		}
		r.VMs = append(r.VMs[:i], r.VMs[i+1:]...)
		return nil
	})
	if err != nil {
		return err
	}
	if active, err := s.activeName(); err == nil && ondisk.SameName(active, name) {
		os.Remove(s.home.Active())
	}
	if gone == "" {
		return nil
	}
	if err := os.RemoveAll(gone); err != nil {
		return fmt.Errorf("%w: %w", ErrRemains, err)
	}
	return nil
}

// putOut moves a VM's folder to where sweep removes it, until r cannot be
// written; gone is "" if there is no such folder.
func (s *Store) putOut(r *rows, dir ondisk.VMDir) (gone string, err error) {
	gone = filepath.Join(s.home.Data(), goneInfix+rand.Text())
	switch err := os.Rename(string(dir), gone); {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", err
	}
	r.takeBack = func() { _ = os.Rename(gone, string(dir)) }
	if err := ondisk.SyncDir(s.home.Data()); err != nil {
		r.takeBack()
		return "", err
	}
	return gone, nil
}
