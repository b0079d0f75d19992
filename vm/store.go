package vm

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

const rowsVersion = 1

// rows is the contents of vms.json.
type rows struct {
	Version int   `json:"version"`
	VMs     []row `json:"vms"`

	// source is the text of the file that the rows were parsed from.
	source []byte

	// readErr is the reason why the list itself cannot be read, or nil.
	readErr error

	// undo, if not nil, reverts a change to folders; write calls it if the list cannot be
	// written. afterWrite, if not nil, completes the change once the list is written.
	undo       func()
	afterWrite func() error
}

// MarshalJSON preserves members that this version does not know.
func (r rows) MarshalJSON() ([]byte, error) {
	type plain rows
	return durable.MarshalKeepingUnknown(plain(r), r.source)
}

// row is one VM in vms.json.
type row struct {
	VM
	// raw is the row's text in the file. decodeErr reports the first member that could not be
	// decoded, or is nil.
	raw       json.RawMessage
	decodeErr *durable.JSONError
}

// MarshalJSON returns the original text of a row that could not be decoded. In any other row
// it preserves members that this version does not know.
func (r row) MarshalJSON() ([]byte, error) {
	if r.decodeErr != nil {
		return r.raw, nil
	}
	return durable.MarshalKeepingUnknown(r.VM, r.raw)
}

// Store is the list of VMs in one home folder. It has no state in memory, and each change
// is made under the store's lock, so any number of processes and goroutines can use the
// same folder.
type Store struct{ home home.Dir }

// OpenStore returns the store in a folder. The first write creates the folder.
func OpenStore(root home.Dir) *Store { return &Store{root} }

// Home returns the store's folder.
func (s *Store) Home() home.Dir { return s.home }

// Dir returns the folder of one VM. The caller must have checked the name.
func (s *Store) Dir(name string) home.VMDir { return s.home.VM(name) }

// Entry is one VM in the list. A VM that cannot be used is listed with the reason; it
// does not make List fail.
type Entry struct {
	VM
	// Broken is nil if the VM can be used. Otherwise it wraps ErrNoDisk, ErrBroken, or an
	// error from examining the disk.
	Broken error
}

// List returns the VMs sorted by name. If vms.json cannot be read, List returns a broken
// VM for each folder that has a disk, and leaves the file unchanged. Notes describe
// problems with the list.
func (s *Store) List() (list []Entry, notes []string, err error) {
	all, err := s.readList()
	if err == nil {
		all, err = s.recoverIfNeeded(all)
	}
	if errors.Is(err, durable.ErrJSON) || errors.Is(err, ErrNoList) { // the list is lost, not just unavailable
		notes = append(notes, err.Error()+"; VMs are listed by their folders, without settings")
		all, err = s.scanFolders(err)
	}
	if err != nil {
		return nil, notes, err
	}
	for _, r := range all.VMs {
		if durable.CheckName(r.Name) != nil {
			notes = append(notes, fmt.Sprintf("%v; this VM is not listed", r.decodeErr))
			continue
		}
		broken := s.brokenReason(r)
		if all.readErr != nil {
			broken = fmt.Errorf("%w: %w", ErrBroken, all.readErr)
		}
		list = append(list, Entry{r.VM, broken})
	}
	slices.SortFunc(list, func(a, b Entry) int {
		return strings.Compare(durable.FoldName(a.Name), durable.FoldName(b.Name))
	})
	return list, notes, nil
}

// Get returns the VM called name, ignoring case, or ErrNotFound.
func (s *Store) Get(name string) (Entry, error) {
	all, err := s.readList()
	if i := all.find(name); err == nil && i >= 0 && durable.CheckName(name) == nil && !s.isInterrupted(all.VMs[i]) {
		return Entry{all.VMs[i].VM, s.brokenReason(all.VMs[i])}, nil // without examining the other VMs
	}
	list, _, err := s.List()
	if err != nil {
		return Entry{}, err
	}
	for _, e := range list {
		if durable.SameName(e.Name, name) {
			return e, nil
		}
	}
	if err := durable.CheckName(name); err != nil {
		return Entry{}, err
	}
	names := make([]string, len(list))
	for i, e := range list {
		names[i] = e.Name
	}
	return Entry{}, &durable.UnknownNameError{Err: fmt.Errorf("%w: '%s'", ErrNotFound, name), Name: name, Known: names}
}

func (s *Store) brokenReason(r row) error {
	if r.decodeErr != nil {
		return fmt.Errorf("%w: %w", ErrBroken, r.decodeErr)
	}
	v := r.VM
	if err := v.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if err := durable.CheckLink(string(s.Dir(v.Name))); err != nil {
		return err
	}
	info, err := os.Stat(s.Dir(v.Name).Disk())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if saved, _ := s.Dir(v.Name).SavedDisks(); saved != "" {
			return fmt.Errorf("%w: %s (the guest's disk was saved as %s)", ErrNoDisk, s.Dir(v.Name).Disk(), saved)
		}
		return fmt.Errorf("%w: %s", ErrNoDisk, s.Dir(v.Name).Disk())
	case err != nil:
		return fmt.Errorf("read the disk: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: %s is not a regular file", ErrBroken, s.Dir(v.Name).Disk())
	}
	return nil
}

// Update changes the stored settings of one VM under the store's lock. change receives the
// current settings; if it returns an error, nothing changes. The name cannot be changed.
func (s *Store) Update(name string, change func(*VM) error) error {
	return s.changeList(func(r *rows) error {
		i := r.find(name)
		if i < 0 {
			return fmt.Errorf("%w: '%s'", ErrNotFound, name)
		}
		if wrong := r.VMs[i].decodeErr; wrong != nil {
			return wrong
		}
		changed := r.VMs[i].VM
		if err := change(&changed); err != nil {
			return err
		}
		changed.Name = r.VMs[i].Name
		if err := changed.Check(); err != nil {
			return err
		}
		r.VMs[i].VM = changed
		return nil
	})
}

func (r *rows) find(name string) int {
	return slices.IndexFunc(r.VMs, func(r row) bool { return durable.SameName(r.Name, name) })
}

// lock creates the store if needed, locks it and removes leftover temporary files.
func (s *Store) lock() (*durable.Lock, error) {
	if err := s.home.CheckMounted(); err != nil {
		return nil, err
	}
	if err := durable.MakeDir(s.home.Data()); err != nil {
		return nil, err
	}
	lock, err := durable.BriefLock(s.home.Lock())
	if err != nil {
		return nil, err
	}
	for _, path := range []string{s.home.VMs(), s.home.Active(), durable.FeatureProbe(string(s.home))} {
		if err := durable.SweepTempsOf(path); err != nil {
			lock.Close()
			return nil, err
		}
	}
	return lock, nil
}

// changeList edits vms.json under the store's lock. A list that cannot be read is not changed.
func (s *Store) changeList(edit func(*rows) error) error {
	return s.changeOrCreateList(func(r *rows) error {
		if r.readErr != nil {
			return r.readErr
		}
		return edit(r)
	})
}

// changeOrCreateList is like change, but also creates the list if vms.json is missing although
// there are VMs. In that case edit receives an empty list with lost set.
func (s *Store) changeOrCreateList(edit func(*rows) error) error {
	lock, err := s.lock()
	if err != nil {
		return err
	}
	defer lock.Close()
	all, err := s.readList()
	switch {
	case errors.Is(err, ErrNoList):
		all = rows{readErr: err}
	case err != nil:
		return err
	case all.Version > rowsVersion:
		return fmt.Errorf("%s was %w; it is read-only", s.home.VMs(), ErrNewer)
	default:
		s.recoverFolders(&all)
	}
	before := rows{Version: rowsVersion, VMs: slices.Clone(all.VMs), source: all.source}
	if err := edit(&all); err != nil {
		return err
	}
	return s.writeList(all, before)
}

// writeList writes the list and then calls afterWrite. If afterWrite fails, write restores the
// previous list; if that fails too, recoverFolders completes the change later.
func (s *Store) writeList(all, before rows) error {
	all.Version = rowsVersion
	err := durable.ReplaceJSON(s.home.VMs(), all)
	if err != nil && !errors.Is(err, durable.ErrNotDurable) {
		all.revertFolders()
		return err
	}
	if all.afterWrite == nil {
		return err
	}
	afterErr := all.afterWrite()
	if afterErr == nil {
		return err
	}
	if revertErr := durable.UnmarkNotDurable(durable.ReplaceJSON(s.home.VMs(), before)); revertErr != nil {
		return durable.MarkNotDurable(errors.Join(afterErr, revertErr))
	}
	all.revertFolders()
	return afterErr
}

func (r *rows) revertFolders() {
	if r.undo != nil {
		r.undo()
	}
}

// readList reads the list of VMs. The error, if any, is a *durable.JSONError, ErrNoList,
// durable.ErrNotMounted, or an I/O error.
func (s *Store) readList() (rows, error) {
	data, err := os.ReadFile(s.home.VMs())
	if errors.Is(err, fs.ErrNotExist) {
		none, noneErr := s.readMissing()
		if !errors.Is(noneErr, ErrNoList) {
			return none, noneErr
		}
		// Another process may have created the list after the first read: it writes
		// the list before it names the folders that readMissing found.
		if data, err = os.ReadFile(s.home.VMs()); errors.Is(err, fs.ErrNotExist) {
			return none, noneErr
		}
	}
	if err != nil {
		return rows{}, err
	}
	version, parsed, err := durable.ParseJSONRows[VM](s.home.VMs(), data, "vms")
	if err != nil {
		return rows{}, err
	}
	all := rows{Version: version, source: durable.TrimBOM(data)}
	for _, p := range parsed {
		r := row{VM: p.Value, raw: p.Raw, decodeErr: p.Err}
		if err := durable.CheckName(r.Name); err != nil && r.decodeErr == nil {
			r.decodeErr = &durable.JSONError{Path: s.home.VMs(), Line: p.Line, Field: "name", Err: err}
		}
		all.VMs = append(all.VMs, r)
	}
	return all, nil
}

// readMissing returns the result of read if vms.json does not exist: an empty list, or an
// error if the store is not mounted or there are folders of VMs.
func (s *Store) readMissing() (rows, error) {
	if err := s.home.CheckMounted(); err != nil {
		return rows{}, err
	}
	err := fmt.Errorf("%w: %s", ErrNoList, s.home.VMs())
	if found, foundErr := s.scanFolders(err); foundErr != nil || len(found.VMs) > 0 {
		return rows{}, errors.Join(foundErr, err)
	}
	return rows{Version: rowsVersion}, nil
}

// scanFolders returns a row for each folder that has a disk; why is the reason that the list
// itself cannot be read. The rows have no IDs: with a new ID, a guest would assume that its
// disk comes from another VM.
func (s *Store) scanFolders(why error) (rows, error) {
	entries, err := os.ReadDir(s.home.Data())
	if errors.Is(err, fs.ErrNotExist) {
		return rows{}, nil
	}
	if err != nil {
		return rows{}, err
	}
	all := rows{Version: rowsVersion, readErr: why}
	for _, e := range entries {
		info, err := os.Stat(s.Dir(e.Name()).Disk())
		if err != nil || durable.CheckName(e.Name()) != nil {
			continue
		}
		v := Defaults(e.Name())
		v.ID = ""
		v.Created = info.ModTime().UTC()
		v.DiskSizeMB = DiskSizeMB(info.Size())
		v.Boot = DetectBoot(s.Dir(e.Name()))
		all.VMs = append(all.VMs, row{VM: v})
	}
	return all, nil
}
