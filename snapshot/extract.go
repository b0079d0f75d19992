package snapshot

import (
	"context"
	"path/filepath"

	"vmterminal/snapshot/durable"
)

// Extract writes a snapshot's disk to a new file, which is checked, as in Restore, and
// durable when it appears. It does not change the store. The errors are those of Restore;
// after an error there is no file.
func (s *Store) Extract(ctx context.Context, name, path string, p Progress) (size int64, err error) {
	p = orNoProgress(p)
	file, info, err := s.openPresent(ctx, name)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	next, err := durable.NewReplacement(path)
	if err != nil {
		return 0, classifyError(ctx, filepath.Dir(path), 0, err)
	}
	defer next.Discard()
	restoreTarget, err := newRestoreTarget(next, path, max(0, info.Data), p)
	if err != nil {
		return 0, err
	}
	defer restoreTarget.close()
	if size, err = s.fillTarget(ctx, restoreTarget, file, info.Name); err == nil {
		err = next.Commit()
	}
	if err != nil {
		return 0, classifyError(ctx, filepath.Dir(path), max(0, info.Data), err)
	}
	return size, nil
}
