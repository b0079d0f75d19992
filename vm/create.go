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

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// Defaults returns a new VM with the built-in default settings and a new identity.
func Defaults(name string) VM {
	id, mac := NewIdentity()
	return VM{
		Name: name, ID: id, MAC: mac, Created: time.Now().UTC(), Image: ImageBuiltin,
		CPUs: min(2, runtime.NumCPU()), MemoryMB: 512, DiskSizeMB: 10240, Accel: "auto",
	}
}

// Create adds a VM. fill creates its disk at dir.Disk(); while it runs, other VMs can be
// created and used. The VM appears under its name only when it is complete and durable; if
// fill fails, nothing remains. Create returns ErrExists if the name is taken, and
// ErrDataExists if a folder from an earlier VM of that name exists. The first VM in a
// store becomes the active VM, unless it is temporary.
func (s *Store) Create(v VM, fill func(dir home.VMDir) error) (err error) {
	if err := v.Check(); err != nil {
		return err
	}
	if err := s.CheckAvailable(v.Name); err != nil {
		return err
	}
	newDir := home.VMDir(filepath.Join(s.home.Data(), newPrefix+v.ID))
	defer func() {
		if !errors.Is(err, durable.ErrNotDurable) { // after ErrNotDurable the VM is listed
			os.RemoveAll(string(newDir))
		}
	}()
	lock, err := s.createFolder(newDir)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := fill(newDir); err != nil {
		return durable.UnmarkNotDurable(err)
	}
	if disk, err := os.Stat(newDir.Disk()); err == nil { // the size of an image is known only now
		v.DiskSizeMB = DiskSizeMB(disk.Size())
		if v.Boot == BootDisk && needsUEFI(newDir.Disk()) {
			v.Boot = BootUEFI
		}
	}
	return s.addVM(v, s.changeList, func(r *rows, dir home.VMDir) error {
		if _, err := os.Lstat(string(dir)); err == nil {
			return dataExistsError(dir)
		}
		// Once the VM is listed, recoverFolders can rename the folder, even after a crash.
		r.afterWrite = func() error {
			if err := os.Rename(string(newDir), string(dir)); err != nil {
				return err
			}
			_ = durable.SyncDir(s.home.Data()) // if it fails, recoverFolders renames the folder again
			return nil
		}
		return durable.SyncDir(s.home.Data())
	})
}

// ActivityCreate is the durable.Activity code of the lock that Create holds on a new VM until
// the VM is listed.
const ActivityCreate = "vm_create"

// createFolder creates the folder of a new VM and acquires the VM's lock in it. The lock
// is held until the VM is listed: recoverFolders removes new folders that are not locked,
// and a locked VM cannot be started.
func (s *Store) createFolder(newDir home.VMDir) (*durable.Lock, error) {
	lock, err := s.lock()
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if err := durable.MakeDir(newDir.Snapshots()); err != nil {
		return nil, err
	}
	return durable.TryLock(newDir.Lock(), durable.Activity{Code: ActivityCreate})
}

// FillDisk returns a fill function for [Store.Create]. It calls write with an empty file,
// which then becomes the disk.
func FillDisk(write func(*os.File) error) func(home.VMDir) error {
	return func(dir home.VMDir) error {
		disk, err := durable.NewReplacement(dir.Disk())
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

// Adopt adds a VM whose folder, disk and snapshots already exist, for example after Delete
// without data. It returns ErrNoDisk if there is no disk. If vms.json is missing, Adopt
// creates it.
func (s *Store) Adopt(v VM) error {
	if err := v.Check(); err != nil {
		return err
	}
	dir := s.Dir(v.Name)
	if _, err := os.Stat(dir.Disk()); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", ErrNoDisk, dir.Disk())
	} else if err != nil {
		return fmt.Errorf("read the disk: %w", err)
	}
	return s.addVM(v, s.changeOrCreateList, func(_ *rows, dir home.VMDir) error { return durable.MakeDir(dir.Snapshots()) })
}

// addVM adds a VM to the list after place has prepared its folder. If no VM is active, the new
// one becomes active. The active name is written first, because it has no effect until the VM
// is listed.
func (s *Store) addVM(v VM, change func(func(*rows) error) error, place func(*rows, home.VMDir) error) error {
	return change(func(r *rows) error {
		if i := r.find(v.Name); i >= 0 {
			return nameTakenError(r.VMs[i].Name)
		}
		if err := place(r, s.Dir(v.Name)); err != nil {
			return err
		}
		active, err := s.activeNames()
		if err != nil {
			return err
		}
		if !v.Temporary && !slices.ContainsFunc(active, func(name string) bool { return r.find(name) >= 0 }) {
			if err := s.writeActive(v.Name); err != nil {
				return durable.UnmarkNotDurable(err)
			}
		}
		r.VMs = append(r.VMs, row{VM: v})
		return nil
	})
}

func nameTakenError(name string) error { return fmt.Errorf("%w: there is a VM '%s'", ErrExists, name) }

// CheckAvailable checks that a VM called name can be created. The error, if any, is
// ErrExists, ErrDataExists, durable.ErrBadName, or an error from reading the list of VMs.
func (s *Store) CheckAvailable(name string) error {
	all, err := s.readList()
	if err == nil {
		err = durable.CheckName(name)
	}
	if err != nil {
		return err
	}
	if i := all.find(name); i >= 0 {
		return nameTakenError(all.VMs[i].Name)
	}
	if _, err := os.Lstat(string(s.Dir(name))); err == nil {
		return dataExistsError(s.Dir(name))
	}
	return nil
}

func dataExistsError(dir home.VMDir) error { return fmt.Errorf("%w: %s", ErrDataExists, dir) }
