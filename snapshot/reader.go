package snapshot

import (
	"context"
	"fmt"

	"vmterminal/snapshot/gzfile"
)

// readerCache is how many chunks a Reader caches; each is 1 MiB.
const readerCache = 32

// A Reader reads the disk in a snapshot in place, without a copy. It remains usable if the
// snapshot is deleted or renamed. Its methods may be called from several goroutines.
type Reader struct {
	*gzfile.DiskReader
	file  *snapshotFile
	index *gzfile.Index
}

// OpenReader opens a snapshot for reading in place. If the snapshot has no usable index,
// OpenReader first reads the whole file; without the job lock, it does not save the index. The
// errors are those of Restore, or wrap ErrSequential. The caller must close the Reader.
func (s *Store) OpenReader(ctx context.Context, name string, p Progress) (*Reader, error) {
	p = orNoProgress(p)
	file, info, err := s.openPresent(ctx, name)
	if err != nil {
		return nil, err
	}
	index, err := s.loadIndex(ctx, file, info.Name, p)
	var disk *gzfile.DiskReader
	if err == nil {
		disk, err = file.native.NewDiskReader(index, readerCache)
	}
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("%s: %w", s.filePath(info.Name), err)
	}
	return &Reader{disk, file, index}, nil
}

// loadIndex returns the index of a snapshot. It reads the whole file if there is no usable
// index, and does not save the result. The error wraps ErrSequential for a foreign file.
func (d folder) loadIndex(ctx context.Context, file *snapshotFile, name string, p Progress) (*gzfile.Index, error) {
	if file.native == nil {
		return nil, ErrSequential
	}
	if index := readIndex(d.indexPath(name), file); index != nil {
		return index, nil
	}
	p.Phase(PhaseVerify, file.size)
	return file.native.Scan(ctx, nil, gzfile.Options{Add: p.Add})
}

// Close closes the snapshot's file.
func (r *Reader) Close() error { return r.file.Close() }
