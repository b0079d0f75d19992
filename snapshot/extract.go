package snapshot

import (
	"context"
	"path/filepath"

	"vmterminal/app/ondisk"
)

// Extract writes a snapshot's disk to a file that is not there yet, checked as
// Restore checks it, and durable when it appears. Nothing of the store changes.
// The errors are Restore's; after any of them there is no file.
func (s *Store) Extract(ctx context.Context, name, path string, p Progress) (size int64, err error) {
	p = orSilent(p)
	file, info, err := s.openPresent(ctx, name)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	next, err := ondisk.NewReplacement(path)
	if err != nil {
		return 0, tell(ctx, filepath.Dir(path), 0, err)
	}
	defer next.Discard()
	filling, err := newFilling(next, path, max(0, info.Data), p)
	if err != nil {
		return 0, err
	}
	defer filling.close()
	if size, err = s.fill(ctx, filling, file, info.Name); err == nil {
		err = next.Commit()
	}
	if err != nil {
		return 0, tell(ctx, filepath.Dir(path), max(0, info.Data), err)
	}
	return size, nil
}
