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
	Info Info
	file *snapshotFile
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
	disk, err := s.openDiskReader(ctx, file, info.Name, p)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", s.filePath(info.Name), err)
	}
	return &Reader{disk, info, file}, nil
}

func (d folder) openDiskReader(ctx context.Context, file *snapshotFile, name string, p Progress) (*gzfile.DiskReader, error) {
	if file.native == nil {
		return nil, ErrSequential
	}
	index := d.readIndex(name, file)
	if index == nil {
		p.Phase(PhaseVerify, file.size)
		var err error
		if index, err = file.native.Scan(ctx, nil, gzfile.Options{Add: p.Add}); err != nil {
			return nil, err
		}
	}
	return file.native.NewDiskReader(index, readerCache)
}

// Close closes the snapshot's file.
func (r *Reader) Close() error { return r.file.Close() }
