package snapshot

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"vmterminal/app/ondisk"
)

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
	if list, err = s.list(ctx, r, files); err != nil {
		return nil, nil, err
	}
	if unsettled(r, list) {
		if again, found, err := s.settled(ctx); err == nil {
			list, files = again, found
		}
	}
	notes = append(notes, files.notes...)
	slices.SortStableFunc(list, func(a, b Info) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.Name, b.Name))
	})
	return list, notes, ctx.Err()
}

func (s *Store) list(ctx context.Context, r *rows, files found) (list []Info, err error) {
	r.settle(files.names)
	rowOf := map[string]row{}
	for _, n := range slices.Backward(r.Snapshots) {
		rowOf[n.Name] = n // the first of its name counts
	}
	seen := map[string]bool{}
	infos, err := s.inspectAll(ctx, files.names)
	if err != nil {
		return nil, err
	}
	for at, name := range files.names {
		i := infos[at]
		if n, ok := rowOf[name]; ok {
			i = n.with(i)
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
	return list, nil
}

// inspectAll is inspect for many, by several workers: most of it is waiting for
// the system.
func (s *Store) inspectAll(ctx context.Context, names []string) ([]Info, error) {
	infos := make([]Info, len(names))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(len(names), runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for at := next.Add(1) - 1; at < int64(len(names)) && ctx.Err() == nil; at = next.Add(1) - 1 {
				infos[at] = s.inspect(names[at])
			}
		})
	}
	workers.Wait()
	return infos, ctx.Err()
}

// unsettled tells whether files and rows, which were read without a lock, look as
// they also do in the midst of a change: a snapshot that is renamed looks
// missing, and a new one, whose row comes after its file, imported.
func unsettled(r *rows, list []Info) bool {
	return slices.ContainsFunc(list, func(i Info) bool {
		return i.State == StateMissing || i.State == StateDamaged || i.State == StateImported && r.find(i.Name) < 0
	})
}

// settled is list at a moment when nobody changes files or rows.
func (s *Store) settled(ctx context.Context) ([]Info, found, error) {
	lock, err := ondisk.WaitLock(s.dir.RowsLock())
	if err != nil {
		return nil, found{}, err
	}
	defer func() { _ = lock.Close() }()
	r, err := readRows(s.dir.Rows())
	if errors.Is(err, ErrNewer) {
		r, err = &rows{}, nil
	}
	if err != nil {
		return nil, found{}, err
	}
	files, err := s.files()
	if err != nil {
		return nil, found{}, err
	}
	list, err := s.list(ctx, r, files)
	return list, files, err
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
