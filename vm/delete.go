package vm

import (
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
// holds the VM's lock.
func (s *Store) Delete(name string, data bool) error {
	var gone string
	err := s.change(func(r *rows) error {
		i := r.find(name)
		if i < 0 {
			return fmt.Errorf("%w: '%s'", ErrNotFound, name)
		}
		v := r.VMs[i]
		if data {
			gone = filepath.Join(s.home.Data(), goneInfix+v.ID)
			err := os.Rename(string(s.Dir(v.Name)), gone)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			if err := ondisk.SyncDir(s.home.Data()); err != nil {
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
	return os.RemoveAll(gone)
}
