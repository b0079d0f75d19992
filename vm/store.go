package vm

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vmterminal/app/ondisk"
)

const rowsVersion = 1

// rows is the content of vms.json.
type rows struct {
	Version int  `json:"version"`
	VMs     []VM `json:"vms"`

	// takeBack undoes what a change did to folders, for when the list stays as it
	// was; nil if it did nothing. then is what is left to do once it is written.
	takeBack func()
	then     func() error
}

// Store is the VMs of one home. It holds no state of its own, so that any
// number of processes and goroutines can use the same home: each change is made
// under the home's lock.
type Store struct{ home ondisk.Home }

// OpenStore returns the store of a home, which is created when first written.
func OpenStore(home ondisk.Home) *Store { return &Store{home} }

// Home is the store's folder.
func (s *Store) Home() ondisk.Home { return s.home }

// Dir is the folder of one VM.
func (s *Store) Dir(name string) ondisk.VMDir { return s.home.VM(name) }

// Entry is one VM in a list. A VM that cannot be used is listed with the
// reason; it never fails the list.
type Entry struct {
	VM
	// Broken wraps ErrNoDisk, ErrBroken, or why the disk cannot be looked at; nil
	// for a sound VM.
	Broken error
}

// List returns the VMs by name. Notes tell what was found amiss and mended.
func (s *Store) List() (list []Entry, notes []string, err error) {
	all, err := s.read()
	if err == nil {
		all, err = s.settled(all)
	}
	if errors.Is(err, errTorn) {
		all, notes, err = s.rebuild()
	}
	if err != nil {
		return nil, notes, err
	}
	for _, v := range all.VMs {
		list = append(list, Entry{v, s.broken(v)})
	}
	slices.SortFunc(list, func(a, b Entry) int {
		return strings.Compare(ondisk.FoldName(a.Name), ondisk.FoldName(b.Name))
	})
	return list, notes, nil
}

// Get returns one VM, however it is capitalised; ErrNotFound if there is none.
func (s *Store) Get(name string) (Entry, error) {
	list, _, err := s.List()
	if err != nil {
		return Entry{}, err
	}
	for _, e := range list {
		if ondisk.SameName(e.Name, name) {
			return e, nil
		}
	}
	if err := ondisk.CheckName(name); err != nil {
		return Entry{}, err
	}
	names := make([]string, len(list))
	for i, e := range list {
		names[i] = e.Name
	}
	return Entry{}, fmt.Errorf("%w: '%s'%s", ErrNotFound, name, ondisk.DidYouMean(name, names))
}

func (s *Store) broken(v VM) error {
	if err := v.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	info, err := os.Stat(s.Dir(v.Name).Disk())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %s", ErrNoDisk, s.Dir(v.Name).Disk())
	case err != nil:
		return fmt.Errorf("the disk cannot be read: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: %s is not a file", ErrBroken, s.Dir(v.Name).Disk())
	}
	return nil
}

// Update changes what is kept of one VM, under the home's lock. change gets the
// present settings; an error of it leaves all as it was. The name cannot change.
func (s *Store) Update(name string, change func(*VM) error) error {
	return s.change(func(r *rows) error {
		i := r.find(name)
		if i < 0 {
			return fmt.Errorf("%w: '%s'", ErrNotFound, name)
		}
		changed := r.VMs[i]
		if err := change(&changed); err != nil {
			return err
		}
		changed.Name = r.VMs[i].Name
		if err := changed.Check(); err != nil {
			return err
		}
		r.VMs[i] = changed
		return nil
	})
}

func (r *rows) find(name string) int {
	return slices.IndexFunc(r.VMs, func(v VM) bool { return ondisk.SameName(v.Name, name) })
}

// lock takes the home's lock, makes the home if need be, and sweeps it.
func (s *Store) lock() (*ondisk.Lock, error) {
	if err := ondisk.MakeDir(s.home.Data()); err != nil {
		return nil, err
	}
	lock, err := ondisk.WaitLock(s.home.Lock())
	if err != nil {
		return nil, err
	}
	if err := errors.Join(ondisk.SweepTempsOf(s.home.VMs()), ondisk.SweepTempsOf(s.home.Active())); err != nil {
		lock.Close()
		return nil, err
	}
	return lock, nil
}

// change is a read-modify-write of vms.json under the home's lock.
func (s *Store) change(edit func(*rows) error) error {
	lock, err := s.lock()
	if err != nil {
		return err
	}
	defer lock.Close()
	all, err := s.read()
	if errors.Is(err, errTorn) {
		if _, err := ondisk.PutAside(s.home.VMs()); err != nil {
			return err
		}
		all, err = s.found()
	}
	if err != nil {
		return err
	}
	if all.Version > rowsVersion {
		return fmt.Errorf("%s was %w; it can be read but not changed", s.home.VMs(), ErrNewer)
	}
	s.settle(&all)
	before := rows{Version: rowsVersion, VMs: slices.Clone(all.VMs)}
	if err := edit(&all); err != nil {
		return err
	}
	return s.write(all, before)
}

// write writes the list, which decides, and does what is left to do then; if that
// fails, the list is again as before, or else the next one who looks does it.
func (s *Store) write(all, before rows) error {
	all.Version = rowsVersion
	err := ondisk.ReplaceJSON(s.home.VMs(), all)
	if err != nil && !errors.Is(err, ondisk.ErrNotDurable) {
		all.undoFolders()
		return err
	}
	if all.then == nil {
		return err
	}
	failed := all.then()
	if failed == nil {
		return err
	}
	if again := ondisk.NotDone(ondisk.ReplaceJSON(s.home.VMs(), before)); again != nil {
		return ondisk.Done(errors.Join(failed, again))
	}
	all.undoFolders()
	return failed
}

func (r *rows) undoFolders() {
	if r.takeBack != nil {
		r.takeBack()
	}
}

// errTorn is a vms.json that is no JSON of ours.
var errTorn = errors.New("not a list of VMs")

func (s *Store) read() (rows, error) {
	data, err := os.ReadFile(s.home.VMs())
	if errors.Is(err, fs.ErrNotExist) {
		return rows{Version: rowsVersion}, nil
	}
	if err != nil {
		return rows{}, err
	}
	var all rows
	if err := json.Unmarshal(data, &all); err != nil || all.Version < 1 {
		return rows{}, errTorn
	}
	for _, v := range all.VMs {
		if ondisk.CheckName(v.Name) != nil {
			return rows{}, errTorn
		}
	}
	return all, nil
}

// rebuild keeps a torn vms.json aside and lists the VMs that the folders show.
func (s *Store) rebuild() (rows, []string, error) {
	var all rows
	err := s.change(func(r *rows) error { all = *r; return nil })
	if err != nil {
		return rows{}, nil, err
	}
	note := fmt.Sprintf("%s could not be read; it was kept beside as %s*, and the VMs were listed anew from their folders, with default settings",
		s.home.VMs(), filepath.Base(s.home.VMs())+ondisk.AsideInfix)
	return all, []string{note}, nil
}

// found makes rows of the folders that hold a disk.
func (s *Store) found() (rows, error) {
	entries, err := os.ReadDir(s.home.Data())
	if err != nil {
		return rows{}, err
	}
	all := rows{Version: rowsVersion}
	for _, e := range entries {
		info, err := os.Stat(s.Dir(e.Name()).Disk())
		if err != nil || ondisk.CheckName(e.Name()) != nil {
			continue
		}
		v := Defaults(e.Name())
		v.Created = info.ModTime().UTC()
		v.DiskSizeMB = DiskSizeMB(info.Size())
		v.Boot = BootIn(s.Dir(e.Name()))
		all.VMs = append(all.VMs, v)
	}
	return all, nil
}
