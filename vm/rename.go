package vm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// Rename renames a VM and its folder. The caller must hold the VM's lock. After a crash, the
// VM has the name that is in the list, and recoverFolders renames the folder to match. Rename
// returns ErrExists if another VM has the name, ErrDataExists if a folder from an earlier VM
// exists, and ErrCannotRename if the file system cannot rename folders.
func (s *Store) Rename(name, to string) error {
	if err := durable.CheckName(to); err != nil {
		return err
	}
	// While the folder has neither name, only the ID identifies it, so the ID must be in the
	// list first.
	err := s.Update(name, func(v *VM) error {
		if !isID(v.ID) {
			v.ID, _ = NewIdentity()
		}
		return nil
	})
	if err != nil {
		return durable.UnmarkNotDurable(err)
	}
	return s.changeList(func(r *rows) error {
		i := r.find(name)
		if i < 0 {
			return fmt.Errorf("%w: '%s'", ErrNotFound, name)
		}
		if other := r.find(to); other >= 0 && other != i {
			return nameTakenError(r.VMs[other].Name)
		}
		v := &r.VMs[i]
		old, dir := s.Dir(v.Name), s.Dir(to)
		if !durable.SameName(v.Name, to) && pathExists(string(dir)) {
			return dataExistsError(dir)
		}
		active, err := s.writeActiveForRename(v.Name, to)
		if err != nil {
			return durable.UnmarkNotDurable(err)
		}
		from := v.Name
		if err = s.moveFolder(r, v, old, dir, to, active); err != nil && active {
			_ = s.writeActive(from) // a future VM with the other name must not become active
		}
		return err
	})
}

// moveFolder gives the folder a temporary name, and its new name once the list is written.
func (s *Store) moveFolder(r *rows, v *row, old, dir home.VMDir, to string, active bool) error {
	tempDir := filepath.Join(s.home.Data(), movingPrefix+v.ID)
	if pathExists(tempDir) {
		return fmt.Errorf("%w: %s", ErrDataExists, tempDir)
	}
	if err := os.Rename(string(old), tempDir); errors.Is(err, syscall.EXDEV) {
		return fmt.Errorf("%w: %w", ErrCannotRename, err)
	} else if err != nil {
		return err
	}
	from := v.Name
	r.undo = func() {
		_ = os.Rename(tempDir, string(old))
		if active {
			_ = s.writeActive(from)
		}
	}
	if err := durable.SyncDir(s.home.Data()); err != nil {
		r.undo()
		return err
	}
	v.Name = to
	r.afterWrite = func() error {
		if err := os.Rename(tempDir, string(dir)); err != nil {
			return err
		}
		_ = durable.SyncDir(s.home.Data()) // if it fails, recoverFolders renames the folder again
		if active {
			_ = s.writeActive(to) // drops the old name, which no longer has an effect
		}
		return nil
	}
	return nil
}

// writeActiveForRename reports whether a VM is active. If it is, writeActiveForRename makes it active under both
// names.
func (s *Store) writeActiveForRename(name, to string) (bool, error) {
	names, err := s.activeNames()
	if err != nil || !containsName(name, names) {
		return false, err
	}
	return true, s.writeActive(to, name)
}
