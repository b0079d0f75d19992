//go:build !linux

package guestfiles

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"vmterminal/snapshot/durable"
)

// syncTree makes the contents of a folder durable.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return durable.SyncDir(path)
		case !d.Type().IsRegular():
			return nil
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(durable.SyncFile(f), f.Close())
	})
}
