//go:build linux

package main

import (
	"errors"
	"os"
	"path/filepath"
)

// newSuffix ends the name of a file that is to replace another. It is always
// the same, so that what an interruption left is overwritten by the next try.
const newSuffix = ".vmterminal-new"

// A replacement is a whole and durable file that is to take another's place.
type replacement struct{ path, place string }

// prepareFile writes the replacement of the file at path, which need not be
// there, nor its folder. Of a symbolic link it is what it points to.
func prepareFile(path, text string, mode os.FileMode) (*replacement, error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // a folder of the guest's own system, such as /var/lib
		return nil, err
	}
	r := &replacement{path: path + newSuffix, place: path}
	// A left one may not be writable.
	if err := os.Remove(r.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err := r.write(text, mode); err != nil {
		r.discard()
		return nil, err
	}
	return r, nil
}

func (r *replacement) write(text string, mode os.FileMode) error {
	f, err := os.OpenFile(r.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	// The umask may have taken some of it.
	return errors.Join(f.Chmod(mode), f.Sync())
}

// commit puts the file in place, durably.
func (r *replacement) commit() error {
	if err := os.Rename(r.path, r.place); err != nil {
		return err
	}
	return syncPath(filepath.Dir(r.place))
}

// discard removes what was not committed.
func (r *replacement) discard() { os.Remove(r.path) }

// replaceFile replaces a file at once and durably.
func replaceFile(path, text string, mode os.FileMode) error {
	r, err := prepareFile(path, text, mode)
	if err != nil {
		return err
	}
	defer r.discard()
	return r.commit()
}

// syncPath makes a file, or a folder's entries, durable.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
