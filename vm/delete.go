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
			if gone, err = s.putOut(r, v); err != nil {
				return err
			}
		}
		r.VMs = append(r.VMs[:i], r.VMs[i+1:]...)
		return nil
	})
	if err != nil {
		return err
	}
	s.forgetActive(name)
	if gone == "" {
		return nil
	}
	if err := os.RemoveAll(gone); err != nil {
		return fmt.Errorf("%w: %w", ErrRemains, err)
	}
	return nil
}

// putOut moves a VM's folder to where settle removes it, once the VM is not
// listed any more; gone is "" if there is no such folder.
func (s *Store) putOut(r *rows, v VM) (gone string, err error) {
	dir := s.Dir(v.Name)
	gone = filepath.Join(s.home.Data(), gonePrefix+v.ID)
	if !isID(v.ID) || exists(gone) {
		gone = filepath.Join(s.home.Data(), gonePrefix+rand.Text())
	}
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
