package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/gzfile"
)

// Rename gives a snapshot another name: its file, its index, its row and what
// the file says of itself. The caller holds the job lock. After a crash at any
// moment it has the old name or the new one, and the next change of the store
// finishes what is left to do. The errors: ondisk.ErrBadName, ErrNotFound,
// ErrMissing, ErrExists, ErrNewer if the rows are a newer version's, a *NoSpace.
func (s *Store) Rename(ctx context.Context, name, to string) error {
	if err := ondisk.CheckName(to); err != nil {
		return err
	}
	if err := s.settleRows(); err != nil {
		return err
	}
	info, err := s.present(ctx, name)
	if err != nil || info.Name == to {
		return err
	}
	n, err := s.reheaded(ctx, info.Name, to, func(h *gzfile.Header) { h.Name = to })
	if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer) {
		return err
	}
	defer n.discard()
	named := false
	_, err = s.changeRows(func(r *rows) (bool, error) {
		if err := s.freeFor(info.Name, to); err != nil {
			return false, err
		}
		for _, step := range s.renameSteps(r, info, to, n) {
			if err := step(); err != nil {
				return false, tell(ctx, s.dir.Snapshots(), 0, err)
			}
		}
		named = true
		return true, nil
	})
	if named {
		return nil // should the row not be written, its mark still leads to the file
	}
	return err
}

// freeFor tells whether a snapshot may be renamed: another of that name must not
// be there.
func (s *Store) freeFor(name, to string) error {
	files, err := s.files()
	if err != nil {
		return err
	}
	for _, there := range files.names {
		if there != name && ondisk.SameName(there, to) {
			return fmt.Errorf("%w: %s", ErrExists, there)
		}
	}
	return nil
}

// renameSteps are the steps of a rename. The second one decides: before it all
// is as it was, and the row's mark means nothing; after it the snapshot has its
// new name, and the mark says to whom the row belongs. The rows are written
// after the last.
func (s *Store) renameSteps(r *rows, info Info, to string, n *newHeader) []func() error {
	return []func() error{
		func() error {
			if !ondisk.SameName(info.Name, to) {
				r.drop(to) // of a file that is missing
			}
			r.note(info, func(r *row) { r.Renaming = to })
			return ondisk.NotDone(ondisk.ReplaceJSON(s.dir.Rows(), r))
		},
		func() error { return s.move(info.Name, to) },
		func() error {
			err := s.put(to, n)
			if err == nil || errors.Is(err, ondisk.ErrNotDurable) {
				return err
			}
			if again := ondisk.NotDone(s.move(to, info.Name)); again != nil {
				return ondisk.Done(errors.Join(err, again))
			}
			return err
		},
		func() error {
			if os.Rename(s.index(info.Name), s.index(to)) != nil {
				os.Remove(s.index(to)) // another's
			}
			r.settle([]string{to})
			return nil
		},
	}
}

// move renames a snapshot's file, durably. After a *ondisk.NotDurable it is renamed.
func (s *Store) move(name, to string) error {
	from, dest := s.file(name), s.file(to)
	err := diskfile.RenameNew(from, dest)
	if errors.Is(err, fs.ErrExist) && ondisk.SameName(name, to) && sameFile(from, dest) {
		err = os.Rename(from, dest) // this file system does not tell the two names apart
	}
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s", ErrExists, to)
	}
	if err != nil {
		return err
	}
	return ondisk.Done(ondisk.SyncDir(s.dir.Snapshots()))
}

func sameFile(a, b string) bool {
	x, errX := os.Lstat(a)
	y, errY := os.Lstat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
