package vm

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vmterminal/app/ondisk"
)

// A VM is made, and deleted with its data, in two steps, of which the change of
// the list decides. Meanwhile its folder has a name that no VM can have: one of
// these, and the VM's ID. After a crash between the steps that tells to which of
// the two the folder belongs.
const (
	newPrefix  = ".new-"
	gonePrefix = ".gone-"
)

// isID tells whether a text can be a VM's ID; the list may have been changed by
// hand.
func isID(id string) bool {
	return id != "" && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// settle ends what a killed Create or Delete has left: a folder whose VM is
// listed gets its name, any other one goes. The home's lock is held. What fails
// is tried again by the next change.
func (s *Store) settle(r *rows) {
	entries, err := os.ReadDir(s.home.Data())
	if err != nil {
		return // the caller's own work in that folder says why
	}
	for _, e := range entries {
		id, isNew := strings.CutPrefix(e.Name(), newPrefix)
		if !isNew {
			var isGone bool
			if id, isGone = strings.CutPrefix(e.Name(), gonePrefix); !isGone {
				continue
			}
		}
		folder := ondisk.VMDir(filepath.Join(s.home.Data(), e.Name()))
		if isNew && ondisk.MayBeHeld(folder.Lock()) {
			continue // it is being made
		}
		if s.back(r, id, string(folder)) {
			continue
		}
		os.RemoveAll(string(folder))
	}
}

// back gives a folder the name of its VM, if that is listed and has no folder. It
// tells whether the folder is to stay: that of a VM that is listed always does.
func (s *Store) back(r *rows, id, folder string) bool {
	at := slices.IndexFunc(r.VMs, func(v VM) bool { return v.ID == id && isID(id) })
	if at < 0 {
		return false
	}
	dir := string(s.Dir(r.VMs[at].Name))
	if exists(dir) {
		return true
	}
	if os.Rename(folder, dir) == nil {
		_ = ondisk.SyncDir(s.home.Data())
	}
	return true
}

// settled returns the list, settled first if the folder of a VM in it is there
// but has not got its name.
func (s *Store) settled(all rows) (rows, error) {
	if !slices.ContainsFunc(all.VMs, s.isCutOff) {
		return all, nil
	}
	lock, err := s.lock()
	if err != nil {
		return all, nil //nolint:nilerr // a store that cannot be written is listed as it is
	}
	defer lock.Close()
	if all, err = s.read(); err == nil {
		s.settle(&all)
	}
	return all, err
}

func (s *Store) isCutOff(v VM) bool {
	return isID(v.ID) && !exists(string(s.Dir(v.Name))) &&
		(exists(filepath.Join(s.home.Data(), newPrefix+v.ID)) || exists(filepath.Join(s.home.Data(), gonePrefix+v.ID)))
}
