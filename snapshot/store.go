package snapshot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"vmterminal/app/ondisk"
)

// Store is the snapshots of one VM's folder. Its methods may be called from
// several goroutines and processes; see the package comment for the locks.
type Store struct{ dir ondisk.VMDir }

// Open returns the store of a VM's folder. It reads nothing.
func Open(dir ondisk.VMDir) *Store { return &Store{dir} }

// List returns the snapshots, newest first. One that is damaged or missing is
// in the list with its state; it never fails the list. notes are sentences
// about what else was found, such as rows that had to be made anew. With rows
// of a newer version the snapshots are told from their files alone, and a note
// says so.
func (s *Store) List(ctx context.Context) (list []Info, notes []string, err error) {
	r, notes, err := s.rowsForReading()
	if err != nil {
		return nil, nil, err
	}
	files, err := s.files()
	if err != nil {
		return nil, nil, err
	}
	r.moved(files.names)
	notes = append(notes, files.notes...)
	seen := map[string]bool{}
	for _, name := range files.names {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		i := s.inspect(name)
		if at := r.find(name); at >= 0 && r.Snapshots[at].Name == name {
			i = r.Snapshots[at].with(i)
		}
		seen[ondisk.FoldName(name)] = true
		list = append(list, i)
	}
	for _, row := range r.Snapshots {
		if ondisk.CheckName(row.Name) != nil || seen[ondisk.FoldName(row.Name)] {
			continue
		}
		i := row.info()
		i.State, i.Problem = StateMissing, "its file "+s.file(row.Name)+" is gone"
		list = append(list, i)
	}
	slices.SortStableFunc(list, func(a, b Info) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.Name, b.Name))
	})
	return list, notes, nil
}

// rowsForReading returns the rows, made anew if they cannot be read.
func (s *Store) rowsForReading() (*rows, []string, error) {
	r, err := readRows(s.dir.Rows())
	switch {
	case errors.Is(err, ErrNewer):
		return &rows{}, []string{err.Error() + "; the snapshots are read-only"}, nil
	case errors.Is(err, errBadRows):
		notes, err := s.changeRows(func(made *rows) (bool, error) {
			r = made
			return false, nil
		})
		if r == nil {
			return nil, nil, err
		}
		if err != nil {
			notes = append(notes, err.Error())
		}
		return r, notes, nil
	}
	return r, nil, err
}

// Get returns one snapshot; names match without regard to case. The error wraps
// ErrNotFound.
func (s *Store) Get(ctx context.Context, name string) (Info, error) {
	list, _, err := s.List(ctx)
	if err != nil {
		return Info{}, err
	}
	best := -1
	for at, i := range list {
		if i.Name == name {
			return i, nil
		}
		if best < 0 && ondisk.SameName(i.Name, name) {
			best = at
		}
	}
	if best < 0 {
		return Info{}, fmt.Errorf("%w: %s", ErrNotFound, strconv.Quote(name))
	}
	return list[best], nil
}

// present is Get for what needs the snapshot's file.
func (s *Store) present(ctx context.Context, name string) (Info, error) {
	info, err := s.Get(ctx, name)
	if err == nil && info.State == StateMissing {
		return info, fmt.Errorf("%w: %s", ErrMissing, s.file(info.Name))
	}
	return info, err
}

// Reserve tells whether a snapshot of that name could be made: it is valid and
// free, and the rows may be changed. It reserves nothing.
func (s *Store) Reserve(name string) error {
	if err := ondisk.CheckName(name); err != nil {
		return err
	}
	if _, err := readRows(s.dir.Rows()); err != nil && !errors.Is(err, errBadRows) {
		return err
	}
	files, err := s.files()
	if err != nil {
		return err
	}
	for _, there := range files.names {
		if ondisk.SameName(there, name) {
			return fmt.Errorf("%w: %s", ErrExists, there)
		}
	}
	return nil
}

func (s *Store) file(name string) string  { return ondisk.SnapshotFile(s.dir.Snapshots(), name) }
func (s *Store) index(name string) string { return ondisk.IndexFile(s.dir.Snapshots(), name) }
