package snapshot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"vmterminal/snapshot/durable"
)

// List returns the snapshots, newest first. Damaged and missing ones are in the list with
// their state and do not cause an error. notes are sentences about other findings, such as
// rows that had to be rebuilt. If the rows are from a newer version, List uses only the files,
// and adds a note.
func (s *Store) List(ctx context.Context) (list []Info, notes []string, err error) {
	r, notes, err := s.rowsForReading()
	if err != nil {
		return nil, nil, err
	}
	list, more, err := s.listRows(ctx, r)
	return list, append(notes, more...), err
}

// listRows is like List, with rows that have been read.
func (s *rowStore) listRows(ctx context.Context, r *rows) (list []Info, notes []string, err error) {
	files, err := s.listFiles()
	if err != nil {
		return nil, nil, err
	}
	if list, err = s.list(ctx, r, files); err != nil {
		return nil, nil, err
	}
	if mayBeChanging(r, list) {
		if locked, found, err := s.listLocked(ctx); err == nil {
			list, files = locked, found
		}
	}
	slices.SortStableFunc(list, func(a, b Info) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.Name, b.Name))
	})
	return list, files.notes, ctx.Err()
}

func (d folder) list(ctx context.Context, r *rows, files folderContents) (list []Info, err error) {
	r.applyInterrupted(files.names)
	rowOf := map[string]row{}
	for _, n := range slices.Backward(r.Snapshots) {
		rowOf[n.Name] = n // the first row with a name wins
	}
	seen := map[string]bool{}
	infos, err := d.inspectAll(ctx, files.names)
	if err != nil {
		return nil, err
	}
	for at, name := range files.names {
		i := infos[at]
		if n, ok := rowOf[name]; ok {
			i = n.merge(i)
		}
		seen[durable.FoldName(name)] = true
		list = append(list, i)
	}
	for _, row := range r.Snapshots {
		if durable.CheckName(row.Name) != nil || seen[durable.FoldName(row.Name)] {
			continue
		}
		i := row.info()
		i.State, i.Problem = StateMissing, fmt.Errorf("%w: %s", ErrMissing, d.filePath(row.Name))
		list = append(list, i)
	}
	return list, nil
}

// inspectAll inspects many snapshots in parallel, as inspecting mostly waits for the
// system.
func (d folder) inspectAll(ctx context.Context, names []string) ([]Info, error) {
	infos := make([]Info, len(names))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(len(names), runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for at := next.Add(1) - 1; at < int64(len(names)) && ctx.Err() == nil; at = next.Add(1) - 1 {
				infos[at] = d.inspect(names[at])
			}
		})
	}
	workers.Wait()
	return infos, ctx.Err()
}

// mayBeChanging reports whether files and rows, which were read without a lock, look as
// they do during a change: a snapshot being renamed looks missing, and a new one looks
// imported, as its row is written after its file.
func mayBeChanging(r *rows, list []Info) bool {
	return slices.ContainsFunc(list, func(i Info) bool {
		return i.State == StateMissing || i.State == StateDamaged || i.State == StateImported && r.find(i.Name) < 0
	})
}

// listLocked lists the snapshots under the rows' lock, so that no other process changes
// files or rows.
func (s *rowStore) listLocked(ctx context.Context) ([]Info, folderContents, error) {
	lock, err := durable.BriefLock(s.lock)
	if err != nil {
		return nil, folderContents{}, err
	}
	defer func() { _ = lock.Close() }()
	r, err := readRows(s.path)
	if errors.Is(err, ErrNewer) {
		r, err = &rows{}, nil
	}
	if err != nil {
		return nil, folderContents{}, err
	}
	files, err := s.listFiles()
	if err != nil {
		return nil, folderContents{}, err
	}
	list, err := s.list(ctx, r, files)
	return list, files, err
}

// rowsForReading returns the rows. If they cannot be decoded, it rebuilds them in memory from
// the snapshot files; the next change of the store sets the file aside.
func (s *rowStore) rowsForReading() (*rows, []string, error) {
	r, err := readRows(s.path)
	switch {
	case errors.Is(err, ErrNewer):
		return &rows{newer: err}, []string{err.Error() + "; the snapshots are read-only"}, nil
	case errors.Is(err, errBadRows):
		note := err.Error() + "; descriptions and pins of files that other programs made may be missing"
		return r, append(r.notes(), note), s.addFromFiles(r)
	case err != nil:
		return nil, nil, err
	}
	return r, r.notes(), nil
}
