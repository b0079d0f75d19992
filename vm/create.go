package vm

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
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

// Create adds a VM. fill makes its disk, at dir.Disk(), and may take its time:
// other VMs can be made and used meanwhile. Nothing appears under the VM's name
// before it is whole and durable; an error of fill leaves nothing. ErrExists
// when the name is taken, ErrLeftData when a folder of that name remains from an
// earlier VM. The first VM of a home becomes the active one.
func (s *Store) Create(v VM, fill func(dir ondisk.VMDir) error) (err error) {
	if err := v.Check(); err != nil {
		return err
	}
	if err := s.Free(v.Name); err != nil {
		return err
	}
	fresh := ondisk.VMDir(filepath.Join(s.home.Data(), newPrefix+v.ID))
	defer func() {
		if !errors.Is(err, ondisk.ErrNotDurable) { // or else it is listed
			os.RemoveAll(string(fresh))
		}
	}()
	lock, err := s.begin(fresh)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := fill(fresh); err != nil {
		return ondisk.NotDone(err)
	}
	if disk, err := os.Stat(fresh.Disk()); err == nil { // of an image it is known only now
		v.DiskSizeMB = DiskSizeMB(disk.Size())
		if v.Boot == BootDisk && NeedsUEFI(fresh.Disk()) {
			v.Boot = BootUEFI
		}
	}
	return s.add(v, func(r *rows, dir ondisk.VMDir) error {
		if _, err := os.Lstat(string(dir)); err == nil {
			return leftData(dir)
		}
		// The list decides: settle gives a folder its name if its VM is listed.
		r.then = func() error {
			if err := os.Rename(string(fresh), string(dir)); err != nil {
				return err
			}
			_ = ondisk.SyncDir(s.home.Data()) // or settle renames it once more
			return nil
		}
		return ondisk.SyncDir(s.home.Data())
	})
}

// begin makes the folder of a VM to be, and takes the VM's lock in it, to be
// held until the VM is listed: sweep takes a folder without it for a dead one,
// and nothing starts the VM meanwhile.
func (s *Store) begin(fresh ondisk.VMDir) (*ondisk.Lock, error) {
	home, err := s.lock()
	if err != nil {
		return nil, err
	}
	defer home.Close()
	if err := ondisk.MakeDir(fresh.Snapshots()); err != nil {
		return nil, err
	}
	return ondisk.TryLock(fresh.Lock(), "creating the VM")
}

// Fill makes a fill for Create of what writes a disk into an empty file.
func Fill(write func(*os.File) error) func(ondisk.VMDir) error {
	return func(dir ondisk.VMDir) error {
		disk, err := ondisk.NewReplacement(dir.Disk())
		if err != nil {
			return err
		}
		defer disk.Discard()
		if err := write(disk.File); err != nil {
			return err
		}
		return disk.Commit()
	}
}

// Adopt adds a VM whose folder is there already, with its disk and snapshots:
// what Delete without data left. ErrNoDisk when there is nothing to adopt.
func (s *Store) Adopt(v VM) error {
	if err := v.Check(); err != nil {
		return err
	}
	dir := s.Dir(v.Name)
	if _, err := os.Stat(dir.Disk()); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", ErrNoDisk, dir.Disk())
	} else if err != nil {
		return fmt.Errorf("the disk cannot be read: %w", err)
	}
	return s.add(v, func(_ *rows, dir ondisk.VMDir) error { return ondisk.MakeDir(dir.Snapshots()) })
}

// add lists a VM once place has put its folder there. Where no VM is the active
// one it is to be that, which is written first: the name of a VM that is not
// listed means nothing.
func (s *Store) add(v VM, place func(*rows, ondisk.VMDir) error) error {
	return s.change(func(r *rows) error {
		if i := r.find(v.Name); i >= 0 {
			return taken(r.VMs[i].Name)
		}
		if err := place(r, s.Dir(v.Name)); err != nil {
			return err
		}
		active, err := s.activeNames()
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(active, func(name string) bool { return r.find(name) >= 0 }) {
			if err := s.setActive(v.Name); err != nil {
				return ondisk.NotDone(err)
			}
		}
		r.VMs = append(r.VMs, v)
		return nil
	})
}

func taken(name string) error { return fmt.Errorf("%w: there is a VM '%s'", ErrExists, name) }

// Free tells whether a VM of that name can be made: ErrExists, ErrLeftData, or
// ondisk.ErrBadName.
func (s *Store) Free(name string) error {
	switch e, err := s.Get(name); {
	case err == nil:
		return taken(e.Name)
	case !errors.Is(err, ErrNotFound):
		return err
	}
	if _, err := os.Lstat(string(s.Dir(name))); err == nil {
		return leftData(s.Dir(name))
	}
	return nil
}

func leftData(dir ondisk.VMDir) error { return fmt.Errorf("%w: %s", ErrLeftData, dir) }
