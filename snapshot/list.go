package snapshot

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"vmterminal/app/ondisk"
)

// List returns the snapshots, newest first. One that is damaged or missing is
// in the list with its state; it never fails the list. notes are sentences
// about what else was found, such as rows that had to be made anew. With rows
// of a newer version the snapshots are told from their files alone, and a note
// says so.
func (s *Store) List(ctx context.Context) (list []Info, notes []string, err error) {
	var files found
	for range 3 {
		var r *rows
		var anew []string
		if r, anew, err = s.rowsForReading(); err == nil {
			files, err = s.files()
		}
		if err == nil {
			list, err = s.list(ctx, r, files)
		}
		if err != nil {
			return nil, nil, err
		}
		notes = append(notes, anew...)
		if !s.stale(r, list) {
			break
		}
	}
	notes = append(slices.Compact(notes), files.notes...)
	slices.SortStableFunc(list, func(a, b Info) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.Name, b.Name))
	})
	return list, notes, nil
}

func (s *Store) list(ctx context.Context, r *rows, files found) (list []Info, err error) {
	r.settle(files.names)
	seen := map[string]bool{}
	for _, name := range files.names {
		if err := ctx.Err(); err != nil {
			return nil, err
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
	return list, nil
}

// stale tells whether files and rows have moved on since they were read, which
// is without a lock: a renamed snapshot must not look damaged or missing, nor a
// new one, whose row comes after its file, imported.
func (s *Store) stale(r *rows, list []Info) bool {
	settled := false
	for _, i := range list {
		switch i.State {
		case StateDamaged:
			if _, err := os.Lstat(s.file(i.Name)); errors.Is(err, fs.ErrNotExist) {
				return true
			}
		case StateImported:
			if settled || r.find(i.Name) >= 0 {
				continue
			}
			settled = true
			if now, err := s.settledRows(); err == nil && now.find(i.Name) >= 0 {
				return true
			}
		case StateMissing:
			r, err := readRows(s.dir.Rows())
			if err != nil {
				continue
			}
			if at := r.find(i.Name); at < 0 || r.Snapshots[at].Name != i.Name || r.Snapshots[at].Renaming != "" {
				return true
			}
		default:
		}
	}
	return false
}

// settledRows returns the rows when nobody is changing them.
func (s *Store) settledRows() (*rows, error) {
	lock, err := ondisk.WaitLock(s.dir.RowsLock())
	if err != nil {
		return nil, err
	}
	defer func() { _ = lock.Close() }()
	return readRows(s.dir.Rows())
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
