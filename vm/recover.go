package vm

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// Creating a VM, renaming it, and deleting it with its data each change the VM's folder
// before and after they change the list. In between, the folder's name is one of these
// prefixes followed by the VM's ID, which is never a valid VM name. After a crash, the prefix
// shows which operation was interrupted, and the list shows whether it took effect.
const (
	newPrefix     = ".new-"
	movingPrefix  = ".moving-"
	deletedPrefix = ".gone-"
	// recoveredPrefix starts the visible name of a folder that was being renamed and whose VM
	// is no longer listed: the folder may hold the only copy of a disk.
	recoveredPrefix = "recovered-"
)

var transitionPrefixes = []string{newPrefix, movingPrefix, deletedPrefix}

// isID reports whether id can be used in a folder's name: the list may have been edited by
// hand.
func isID(id string) bool {
	return id != "" && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

func pathExists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// recoverFolders finishes interrupted calls of Create, Rename and Delete. A folder whose VM
// is listed gets the VM's name. If the VM is not listed, a folder that was being renamed gets
// a visible name, and other folders are removed. The next change of the list retries steps
// that fail. The caller must hold the store's lock.
func (s *Store) recoverFolders(r *rows) {
	entries, err := os.ReadDir(s.home.Data())
	if err != nil || slices.ContainsFunc(r.VMs, func(r row) bool { return r.decodeErr != nil && !isID(r.ID) }) {
		// A folder may belong to a row whose ID cannot be read. If the folder of VMs
		// cannot be read, the caller fails too and reports why.
		return
	}
	for _, e := range entries {
		prefix, id := splitTransitionName(e.Name())
		if prefix == "" {
			continue
		}
		folder := home.VMDir(filepath.Join(s.home.Data(), e.Name()))
		if prefix == newPrefix && durable.MayBeLocked(folder.Lock()) {
			continue // the VM is being created
		}
		switch {
		case s.renameToVMName(r, id, string(folder)):
		case prefix == movingPrefix && isID(id):
			if dir := s.Dir(recoveredPrefix + id); !pathExists(string(dir)) && os.Rename(string(folder), string(dir)) == nil {
				_ = durable.SyncDir(s.home.Data())
			}
		case prefix != movingPrefix:
			os.RemoveAll(string(folder))
		}
	}
}

// splitTransitionName splits a folder's name into one of transitionPrefixes and the VM's ID. For any
// other name it returns "", "".
func splitTransitionName(name string) (prefix, id string) {
	for _, prefix := range transitionPrefixes {
		if id, ok := strings.CutPrefix(name, prefix); ok {
			return prefix, id
		}
	}
	return "", ""
}

// renameToVMName renames a folder to the name of its VM, if the VM is listed and has no folder.
// It reports whether the folder must be kept, which is true for every listed VM.
func (s *Store) renameToVMName(r *rows, id, folder string) bool {
	at := slices.IndexFunc(r.VMs, func(r row) bool { return r.ID == id && isID(id) })
	if at < 0 {
		return false
	}
	dir := string(s.Dir(r.VMs[at].Name))
	if durable.CheckName(r.VMs[at].Name) != nil || pathExists(dir) {
		return true
	}
	if os.Rename(folder, dir) == nil {
		_ = durable.SyncDir(s.home.Data())
	}
	return true
}

// recoverIfNeeded calls recoverFolders if the folder of a listed VM does not have the VM's
// name yet. It returns the list.
func (s *Store) recoverIfNeeded(all rows) (rows, error) {
	if !slices.ContainsFunc(all.VMs, s.isInterrupted) {
		return all, nil
	}
	lock, err := s.lock()
	if err != nil {
		return all, nil //nolint:nilerr // a read-only store is listed unchanged
	}
	defer lock.Close()
	if all, err = s.readList(); err == nil {
		s.recoverFolders(&all)
	}
	return all, err
}

func (s *Store) isInterrupted(v row) bool {
	return isID(v.ID) && durable.CheckName(v.Name) == nil && !pathExists(string(s.Dir(v.Name))) &&
		slices.ContainsFunc(transitionPrefixes, func(prefix string) bool {
			return pathExists(filepath.Join(s.home.Data(), prefix+v.ID))
		})
}
