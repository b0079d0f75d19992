package vm

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"vmterminal/app/ondisk"
)

// Defaults returns a new VM as it is when nothing else is asked for.
func Defaults(name string) VM {
	id, mac := NewIdentity()
	return VM{
		Name: name, ID: id, MAC: mac, Created: time.Now().UTC(), Image: ImageBuiltin,
		CPUs: min(2, runtime.NumCPU()), MemoryMB: 512, DiskSizeMB: 10240, Accel: "auto",
	}
}

// newInfix stands in the name of the folder of a VM that is being made.
const newInfix = ".new-"

// Create adds a VM. fill writes its disk, open for reading and writing and of
// size zero. Nothing appears under the VM's name before it is whole and
// durable; an error of fill leaves nothing. ErrExists when the name is taken,
// ErrLeftData when a folder of that name remains from an earlier VM. The first
// VM of a home becomes the active one.
func (s *Store) Create(v VM, fill func(*os.File) error) error {
	return s.create(v, func(dir ondisk.VMDir) error {
		if _, err := os.Lstat(string(dir)); err == nil {
			return fmt.Errorf("%w: %s", ErrLeftData, dir)
		}
		fresh := ondisk.VMDir(filepath.Join(s.home.Data(), newInfix+v.ID))
		defer os.RemoveAll(string(fresh))
		if err := s.build(fresh, fill); err != nil {
			return err
		}
		if err := os.Rename(string(fresh), string(dir)); err != nil {
			return err
		}
		return ondisk.SyncDir(s.home.Data())
	})
}

// Adopt adds a VM whose folder is there already, with its disk and snapshots:
// what Delete without data left. ErrNoDisk when there is nothing to adopt.
func (s *Store) Adopt(v VM) error {
	return s.create(v, func(dir ondisk.VMDir) error {
		if _, err := os.Stat(dir.Disk()); err != nil {
			return fmt.Errorf("%w: %s", ErrNoDisk, dir.Disk())
		}
		return ondisk.MakeDir(dir.Snapshots())
	})
}

func (s *Store) create(v VM, place func(ondisk.VMDir) error) error {
	if err := v.Check(); err != nil {
		return err
	}
	err := s.change(func(r *rows) error {
		if i := r.find(v.Name); i >= 0 {
			return fmt.Errorf("%w: there is a VM '%s'", ErrExists, r.VMs[i].Name)
		}
		s.sweep()
		if err := place(s.Dir(v.Name)); err != nil {
			return err
		}
		r.VMs = append(r.VMs, v)
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := os.Stat(s.home.Active()); errors.Is(err, fs.ErrNotExist) {
		return s.Use(v.Name)
	}
	return nil
}

func (s *Store) build(dir ondisk.VMDir, fill func(*os.File) error) error {
	if err := os.MkdirAll(dir.Snapshots(), ondisk.DirMode); err != nil {
		return err
	}
	disk, err := ondisk.NewReplacement(dir.Disk())
	if err != nil {
		return err
	}
	defer disk.Discard()
	if err := fill(disk.File); err != nil {
		return err
	}
	return disk.Commit()
}

// sweep removes what a killed Create or Delete left. The home's lock is held.
func (s *Store) sweep() {
	entries, err := os.ReadDir(s.home.Data())
	if err != nil {
		return // the caller's own work in that folder says why
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), newInfix) || strings.HasPrefix(e.Name(), goneInfix) {
			os.RemoveAll(filepath.Join(s.home.Data(), e.Name()))
		}
	}
}
