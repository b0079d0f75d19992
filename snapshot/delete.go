package snapshot

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/diskfile"
)

// Delete removes a snapshot: its file, its index and its row. The caller holds
// the job lock. The file goes before its row, so that room is made even on a
// full disk. After a crash at any moment the snapshot is there, whole, or not in
// the list; only where the disk was full it may be listed as missing. The error
// wraps ErrNotFound, or ErrNewer if the rows are a newer version's.
func (s *Store) Delete(ctx context.Context, name string) error {
	info, err := s.Get(ctx, name)
	if err != nil {
		return err
	}
	return s.remove(info)
}

func (s *Store) remove(info Info) error {
	deleted := false
	_, err := s.changeRows(func(r *rows) (bool, error) {
		if err := s.markDeleting(r, info.Name); err != nil {
			return false, err
		}
		os.Remove(s.index(info.Name))
		err := os.Remove(s.file(info.Name))
		if err == nil {
			err = ondisk.Done(ondisk.SyncDir(s.dir.Snapshots()))
			deleted = err == nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
		return r.drop(info.Name), nil
	})
	if deleted {
		return nil // the row's mark says so, or what it says is missing
	}
	return err
}

// markDeleting notes in the row, durably, that its file is about to go; without
// it a crash would leave a row that misses its file.
func (s *Store) markDeleting(r *rows, name string) error {
	at := r.find(name)
	if at < 0 || r.Snapshots[at].Name != name {
		return nil
	}
	r.Snapshots[at].Deleting = true
	err := ondisk.ReplaceJSON(s.dir.Rows(), r)
	if diskfile.IsNoSpace(err) {
		return nil // deleting is what makes room
	}
	return ondisk.NotDone(err)
}
