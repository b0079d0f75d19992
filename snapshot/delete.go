package snapshot

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"vmterminal/app/ondisk"
)

// Delete removes a snapshot: its file, its index and its row. The caller holds
// the job lock. The file goes first, so that room is made even on a full disk.
// The error wraps ErrNotFound, or ErrNewer if the rows are a newer version's.
func (s *Store) Delete(ctx context.Context, name string) error {
	info, err := s.Get(ctx, name)
	if err != nil {
		return err
	}
	return s.remove(info)
}

func (s *Store) remove(info Info) error {
	_, err := s.changeRows(func(r *rows) (bool, error) {
		os.Remove(s.index(info.Name))
		err := os.Remove(s.file(info.Name))
		if err == nil {
			err = ondisk.SyncDir(s.dir.Snapshots())
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
		return r.drop(info.Name), nil
	})
	return err
}
