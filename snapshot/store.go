package snapshot

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"vmterminal/app/ondisk"
)

// Store is the snapshots of one VM's folder. Its methods may be called from
// several goroutines and processes; see the package comment for the locks.
type Store struct{ dir ondisk.VMDir }

// Open returns the store of a VM's folder. It reads nothing.
func Open(dir ondisk.VMDir) *Store { return &Store{dir} }

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
		names := make([]string, len(list))
		for at, i := range list {
			names[at] = i.Name
		}
		return Info{}, fmt.Errorf("%w: %s%s", ErrNotFound, strconv.Quote(name), ondisk.DidYouMean(name, names))
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
