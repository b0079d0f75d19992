package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
)

// Delete removes a snapshot: its file, its index and its row. The caller must hold the job
// lock. The file is removed before the row, so that space is freed even on a full disk.
// After a crash the snapshot is complete or not listed. If the disk was full, it may be
// listed as missing. The error wraps ErrNotFound, or ErrNewer if the rows are from a newer
// version.
func (s *Store) Delete(ctx context.Context, name string) error {
	info, err := s.Get(ctx, name)
	if err != nil {
		return err
	}
	return s.removeSnapshots(ctx, []Info{info})[0]
}

// DeleteAll deletes many snapshots, with a single listing and fewer writes of the rows. It
// returns an error or nil for each name.
func (s *Store) DeleteAll(ctx context.Context, names []string) []error {
	errs := make([]error, len(names))
	all, err := s.catalog(ctx)
	var infos []Info
	var of []int // the position in names of each of infos
	seen := map[string]bool{}
	for at, name := range names {
		if errs[at] = err; err != nil {
			continue
		}
		info, err := all.get(name)
		if err == nil && seen[info.Name] {
			err = fmt.Errorf("%w: %s", ErrNotFound, strconv.Quote(name))
		}
		if errs[at] = err; err == nil {
			seen[info.Name] = true
			infos, of = append(infos, info), append(of, at)
		}
	}
	for at, err := range s.removeSnapshots(ctx, infos) {
		errs[of[at]] = err
	}
	return errs
}

// deleteBatch is how many snapshots are removed each time the rows' lock is held.
const deleteBatch = 32

// removeSnapshots removes snapshots and returns an error or nil for each. It sets Frees to the space
// that each has freed. When ctx ends, the remaining snapshots are kept.
func (s *rowStore) removeSnapshots(ctx context.Context, infos []Info) []error {
	errs := make([]error, 0, len(infos))
	for batch := range slices.Chunk(infos, deleteBatch) {
		errs = append(errs, s.removeBatch(ctx, batch)...)
	}
	return errs
}

func (s *rowStore) removeBatch(ctx context.Context, infos []Info) []error {
	errs := make([]error, len(infos))
	removed := make([]bool, len(infos))
	folderSynced := false
	err := s.changeRows(func(r *rows) (bool, error) {
		if err := errors.Join(ctx.Err(), s.markDeleting(r, infos)); err != nil {
			return false, err
		}
		for at, info := range infos {
			infos[at].Frees = diskfile.Reclaimable(s.filePath(info.Name)) // may be more than when listed, as others that shared its blocks are gone
			if errs[at] = ctx.Err(); errs[at] == nil {
				removed[at], errs[at] = s.removeFile(info.Name)
			}
		}
		if err := durable.MarkNotDurable(durable.SyncDir(s.dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
		folderSynced = true
		for at, info := range infos {
			if errs[at] == nil {
				r.remove(info.Name)
			} else if row := r.find(info.Name); row >= 0 {
				r.Snapshots[row].Deleting = false
			}
		}
		return true, nil
	})
	for at := range errs {
		if folderSynced && removed[at] {
			continue // the row is marked, or shows the file as missing
		}
		if errs[at] == nil {
			errs[at] = err
		}
	}
	return errs
}

// removeFile removes the file and index of a snapshot, and reports whether there was a file.
func (d folder) removeFile(name string) (removed bool, err error) {
	os.Remove(d.indexPath(name))
	err = os.Remove(d.filePath(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// markDeleting marks the rows durably before their files are removed. Without the marks a
// crash would leave rows of missing files.
func (s *rowStore) markDeleting(r *rows, infos []Info) error {
	marked := false
	for _, info := range infos {
		if at := r.find(info.Name); at >= 0 && r.Snapshots[at].Name == info.Name {
			r.Snapshots[at].Deleting, marked = true, true
		}
	}
	if !marked {
		return nil
	}
	err := durable.ReplaceJSON(s.path, r)
	if diskfile.IsNoSpace(err) {
		return nil // deleting frees the space
	}
	return durable.UnmarkNotDurable(err)
}
