package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/gzfile"
)

// Rename renames a snapshot: its file, its index, its row and its header. The caller must
// hold the job lock. After a crash the snapshot has either its old or its new name, and the
// next change to the store completes the rename. The error may wrap durable.ErrBadName,
// ErrNotFound, ErrMissing, ErrExists, ErrNewer (the rows are from a newer version) or a
// *NoSpace.
func (s *Store) Rename(ctx context.Context, name, to string) error {
	if err := durable.CheckName(to); err != nil {
		return err
	}
	if err := s.settleRows(); err != nil {
		return err
	}
	info, err := s.getPresent(ctx, name)
	if err != nil || info.Name == to {
		return err
	}
	n, err := s.prepareHeader(ctx, info.Name, to, func(e *gzfile.EditableFields) { e.Name = to })
	if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer) {
		return err
	}
	defer n.discard()
	named := false
	err = s.changeRows(func(r *rows) (bool, error) {
		if err := s.checkNameFree(info.Name, to); err != nil {
			return false, err
		}
		for _, step := range s.renameSteps(r, info, to, n) {
			if err := step(); err != nil {
				return false, classifyError(ctx, s.paths.Snapshots, 0, err)
			}
		}
		named = true
		return true, nil
	})
	if named {
		return nil // even if writing the rows failed: the mark in the old row leads to the file
	}
	return err
}

// checkNameFree returns ErrExists if a snapshot file already has the name to. It ignores the
// snapshot called except, which may be "".
func (d folder) checkNameFree(except, to string) error {
	files, err := d.listFiles()
	if err != nil {
		return err
	}
	for _, existing := range files.names {
		if existing != except && durable.SameName(existing, to) {
			return fmt.Errorf("%w: %s", ErrExists, existing)
		}
	}
	return nil
}

// renameSteps returns the steps of a rename. The second is the decisive one: before it the
// snapshot has its old name, and the mark in the row has no effect; after it the snapshot has
// its new name, and the mark assigns the row to it. The rows are written after the last step.
func (s *rowStore) renameSteps(r *rows, info Info, to string, n *newHeader) []func() error {
	return []func() error{
		func() error {
			if !durable.SameName(info.Name, to) {
				r.remove(to) // the row of a missing file
			}
			r.update(info, func(r *row) { r.Renaming = to })
			return durable.UnmarkNotDurable(durable.ReplaceJSON(s.path, r))
		},
		func() error { return s.renameFile(info.Name, to) },
		func() error {
			err := s.writeHeader(to, n)
			if err == nil || errors.Is(err, durable.ErrNotDurable) {
				return err
			}
			if again := durable.UnmarkNotDurable(s.renameFile(to, info.Name)); again != nil {
				return durable.MarkNotDurable(errors.Join(err, again))
			}
			return err
		},
		func() error {
			if os.Rename(s.indexPath(info.Name), s.indexPath(to)) != nil {
				os.Remove(s.indexPath(to)) // a leftover index of another file
			}
			r.applyInterrupted([]string{to})
			return nil
		},
	}
}

// renameFile renames a snapshot's file durably. If the error is a *durable.NotDurable, the file
// has been renamed nevertheless.
func (d folder) renameFile(name, to string) error {
	from, dest := d.filePath(name), d.filePath(to)
	err := diskfile.RenameNew(from, dest)
	if errors.Is(err, fs.ErrExist) && durable.SameName(name, to) && sameFile(from, dest) {
		err = os.Rename(from, dest) // the file system ignores case
	}
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s", ErrExists, to)
	}
	if err != nil {
		return err
	}
	return durable.MarkNotDurable(durable.SyncDir(d.dir))
}

func sameFile(a, b string) bool {
	x, errX := os.Lstat(a)
	y, errY := os.Lstat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
