package snapshot

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"vmterminal/snapshot/durable"
)

// A Store manages the snapshots of one disk. Its methods may be called from several
// goroutines and processes; see the package comment for the locks.
type Store struct {
	paths Paths
	rowStore
}

// Open returns the store with the given paths. It does no I/O.
func Open(paths Paths) *Store {
	return &Store{paths, rowStore{folder{paths.Snapshots}, paths.Rows, paths.RowsLock}}
}

// Get returns one snapshot; names match regardless of case. The error wraps ErrNotFound.
func (s *Store) Get(ctx context.Context, name string) (Info, error) {
	if i, ok := s.getListed(name); ok {
		return i, ctx.Err()
	}
	all, err := s.catalog(ctx)
	if err != nil {
		return Info{}, err
	}
	return all.get(name)
}

// getListed returns the snapshot with exactly that name if its row and its file agree. It
// reads no other file.
func (s *rowStore) getListed(name string) (Info, bool) {
	r, err := readRows(s.path)
	if err != nil {
		return Info{}, false
	}
	at := slices.IndexFunc(r.Snapshots, func(n row) bool { return n.Name == name })
	if at < 0 || durable.CheckName(name) != nil || r.Snapshots[at].Renaming != "" || r.Snapshots[at].Deleting {
		return Info{}, false
	}
	i := r.Snapshots[at].merge(s.inspect(name))
	return i, i.State == StateOK
}

// catalog is a list of snapshots with lookup by name.
type catalog struct {
	list                 []Info
	byName, byFoldedName map[string]int
}

func (s *Store) catalog(ctx context.Context) (catalog, error) {
	list, _, err := s.List(ctx)
	c := catalog{list, make(map[string]int, len(list)), make(map[string]int, len(list))}
	for at, i := range slices.Backward(list) { // of names that differ only in case the newest wins
		c.byName[i.Name], c.byFoldedName[durable.FoldName(i.Name)] = at, at
	}
	return c, err
}

func (c catalog) get(name string) (Info, error) {
	at, ok := c.byName[name]
	if !ok {
		at, ok = c.byFoldedName[durable.FoldName(name)]
	}
	if ok {
		return c.list[at], nil
	}
	names := make([]string, len(c.list))
	for at, i := range c.list {
		names[at] = i.Name
	}
	return Info{}, &durable.UnknownNameError{Err: fmt.Errorf("%w: %q", ErrNotFound, name), Name: name, Known: names}
}

// getPresent is like Get, but returns an error that wraps ErrMissing if the snapshot has no
// file.
func (s *Store) getPresent(ctx context.Context, name string) (Info, error) {
	info, err := s.Get(ctx, name)
	if err != nil {
		return info, err
	}
	return info, s.checkPresent(info)
}

func (d folder) checkPresent(info Info) error {
	if info.State == StateMissing {
		return fmt.Errorf("%w: %s", ErrMissing, d.filePath(info.Name))
	}
	return nil
}

// Reserve returns an error if no snapshot with that name can be created: durable.ErrBadName,
// ErrExists, or ErrNewer if the rows cannot be changed. It changes nothing.
func (s *Store) Reserve(name string) error {
	if err := durable.CheckName(name); err != nil {
		return err
	}
	if _, err := readRows(s.paths.Rows); err != nil && !errors.Is(err, errBadRows) {
		return err
	}
	return s.checkNameFree("", name)
}

// listForCreate combines List and Reserve for a new snapshot, and reads the rows only once.
func (s *rowStore) listForCreate(ctx context.Context, name string) ([]Info, error) {
	if err := durable.CheckName(name); err != nil {
		return nil, err
	}
	r, _, err := s.rowsForReading()
	if err == nil && r.newer != nil {
		err = r.newer
	}
	if err != nil {
		return nil, err
	}
	list, _, err := s.listRows(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, i := range list {
		if i.State != StateMissing && durable.SameName(i.Name, name) {
			return nil, fmt.Errorf("%w: %s", ErrExists, i.Name)
		}
	}
	return list, nil
}

func (d folder) filePath(name string) string  { return File(d.dir, name) }
func (d folder) indexPath(name string) string { return IndexFile(d.dir, name) }
