package vm

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// Delete removes a VM from the list. If data is true, it also removes the VM's folder with
// the disk and snapshots; otherwise the folder is kept, and Adopt can add the VM again. The
// caller must hold the VM's lock.
//
// The following errors mean that the VM is deleted, but some of its files are not:
//   - ErrFilesRemain: they could not be removed.
//   - ErrFolderRemains: they are still in the VM's folder, which could not be renamed either.
//   - ErrLinkedFilesRemain: they are outside the folder, which contained only links to them.
//
// unlock, if not nil, should release the VM's lock. Delete calls it after removing the VM
// from the list and before removing its files: on NFS and FUSE, the names of open files
// remain.
func (s *Store) Delete(name string, data bool, unlock func()) error {
	return s.deleteVM(name, data, unlock, func(VM) bool { return true })
}

// DeleteTemporary is like Delete with data, for a VM that is still temporary and has the given
// ID. It returns ErrNotFound if there is no such VM.
func (s *Store) DeleteTemporary(name, id string, unlock func()) error {
	return s.deleteVM(name, true, unlock, func(v VM) bool { return v.Temporary && v.ID == id })
}

func (s *Store) deleteVM(name string, data bool, unlock func(), matches func(VM) bool) error {
	var deletedDir, undo string
	var linkedFiles []string
	err := s.changeList(func(r *rows) (err error) {
		i := r.find(name)
		if i < 0 || !matches(r.VMs[i].VM) {
			return fmt.Errorf("%w: '%s'", ErrNotFound, name)
		}
		v := r.VMs[i]
		if data {
			if linkedFiles, undo, err = linkTargets(s.Dir(v.Name)); err != nil {
				return err
			}
			if deletedDir, err = s.moveToDeleted(r, v.VM); err != nil {
				return err
			}
		}
		r.VMs = append(r.VMs[:i], r.VMs[i+1:]...)
		return nil
	})
	if err != nil {
		return err
	}
	s.clearActive(name)
	if unlock != nil {
		unlock()
	}
	if deletedDir == "" {
		return nil
	}
	remains := ErrFilesRemain
	if dir := s.Dir(name); durable.SameName(filepath.Base(deletedDir), filepath.Base(string(dir))) {
		remains = ErrFolderRemains
	}
	err = os.RemoveAll(deletedDir)
	if undo != "" {
		err = errors.Join(err, os.Remove(undo))
	}
	if err != nil {
		return fmt.Errorf("%w: %w", remains, err)
	}
	if len(linkedFiles) > 0 {
		return fmt.Errorf("%w: %s", ErrLinkedFilesRemain, strings.Join(linkedFiles, ", "))
	}
	return nil
}

// linkTargets returns the files and folders outside a VM's folder that the folder, or
// something in it, links to: removing the folder does not remove them. undo is the undo disk
// beside a linked disk, which Delete must remove, or "". The error is durable.ErrNotMounted
// if the folder is a dangling link.
func linkTargets(dir home.VMDir) (targets []string, undo string, err error) {
	if err := durable.CheckLink(string(dir)); err != nil {
		return nil, "", err
	}
	if target, err := readLink(string(dir)); err == nil {
		return []string{target}, "", nil
	}
	disk, err := filepath.EvalSymlinks(dir.Disk())
	hasDisk := err == nil
	_ = filepath.WalkDir(string(dir), func(path string, d fs.DirEntry, err error) error { // errors show up when the folder is removed
		if err != nil || d.Type() != fs.ModeSymlink {
			return nil //nolint:nilerr // see above
		}
		switch target, err := readLink(path); {
		case err != nil, strings.HasPrefix(target, string(dir)+"/"):
		case path == dir.Undo() && hasDisk && target == disk+filepath.Ext(dir.Undo()):
			undo = target
		default:
			targets = append(targets, target)
		}
		return nil
	})
	return targets, undo, nil
}

// readLink returns the target of a symbolic link as an absolute path.
func readLink(path string) (string, error) {
	target, err := os.Readlink(path)
	if err == nil && !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(path), target)
	}
	return target, err
}

// moveToDeleted renames a VM's folder so that recoverFolders removes it once the VM is no
// longer listed. gone is the new path, "" if there is no folder, or the old path if the file
// system cannot rename the folder.
func (s *Store) moveToDeleted(r *rows, v VM) (gone string, err error) {
	dir := s.Dir(v.Name)
	gone = filepath.Join(s.home.Data(), deletedPrefix+v.ID)
	if !isID(v.ID) || pathExists(gone) {
		gone = filepath.Join(s.home.Data(), deletedPrefix+rand.Text())
	}
	switch err := os.Rename(string(dir), gone); {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case errors.Is(err, syscall.EXDEV):
		return string(dir), nil
	case err != nil:
		return "", err
	}
	r.undo = func() { _ = os.Rename(gone, string(dir)) }
	if err := durable.SyncDir(s.home.Data()); err != nil {
		r.undo()
		return "", err
	}
	return gone, nil
}
