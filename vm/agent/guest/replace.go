//go:build linux

package main

import (
	"errors"
	"os"
	"path/filepath"
)

// newSuffix is the suffix of temporary files. It is fixed, so that the next attempt
// overwrites the file of an interrupted attempt.
const newSuffix = ".vmterminal-new"

// A replacement is a complete and durable temporary file that will replace target.
type replacement struct{ path, target string }

// prepareFile writes a replacement for the file at path. The file and its folder need not
// exist. If path is a symbolic link, the replacement is for the file it points to.
func prepareFile(path, text string, mode os.FileMode) (*replacement, error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // a system folder of the guest, such as /var/lib
		return nil, err
	}
	r := &replacement{path: path + newSuffix, target: path}
	// The file of an interrupted attempt may not be writable.
	if err := os.Remove(r.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err := r.write(text, mode); err != nil {
		os.Remove(r.path)
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
	return errors.Join(f.Chmod(mode), f.Sync()) // unlike OpenFile, Chmod ignores the umask
}

// commit replaces the target durably.
func (r *replacement) commit() error {
	if err := os.Rename(r.path, r.target); err != nil {
		return err
	}
	return syncPath(filepath.Dir(r.target))
}

// replaceFile replaces a file atomically and durably.
func replaceFile(path, text string, mode os.FileMode) error {
	r, err := prepareFile(path, text, mode)
	if err != nil {
		return err
	}
	defer os.Remove(r.path)
	return r.commit()
}

// syncPath makes a file or the entries of a folder durable.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
