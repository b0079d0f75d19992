package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/lazydisk"
	"vmterminal/snapshot/gzfile"
)

// restoreTarget is a new disk that is being filled from a snapshot, beside the one that it
// will replace.
type restoreTarget struct {
	next    *durable.Replacement
	oldDisk *Disk // the existing disk, or nil
	out     *budgetedFile
	p       Progress

	reused, shared int64
	index          *gzfile.Index // the rebuilt index, or nil if the existing one was used
	damage         error         // damage in a part of the file that was not needed
}

// newRestoreTarget returns a target that writes to next. It checks the free space first,
// unless blocks can be shared: the space needed is then unknown.
func newRestoreTarget(next *durable.Replacement, target string, needed int64, p Progress) (*restoreTarget, error) {
	f := &restoreTarget{next: next, p: p}
	// A disk that is missing or unreadable cannot be reused.
	if oldDisk, err := diskfile.Open(target); err == nil {
		f.oldDisk = oldDisk
		if diskfile.CanShare(next.File, oldDisk) {
			needed = 0
		}
	}
	room, err := newBudget(filepath.Dir(target), needed)
	if err != nil {
		f.close()
		return nil, err
	}
	f.out = &budgetedFile{WriteBehind: diskfile.WriteBehind{File: next.File, DropCache: true}, budget: room}
	return f, nil
}

func (f *restoreTarget) close() {
	if f.oldDisk != nil {
		_ = f.oldDisk.Close()
	}
}

func (f *restoreTarget) sink(off int64, content []byte) error {
	_, err := diskfile.WriteSparse(f.out, content, off)
	return err
}

// existingDisk returns the existing disk for Decode to reuse, or nil.
func (f *restoreTarget) existingDisk(ctx context.Context) (*gzfile.PresentDisk, error) {
	if f.oldDisk == nil {
		return nil, nil
	}
	p, err := gzfile.NewPresentDisk(ctx, f.oldDisk)
	if err != nil {
		return nil, ctx.Err() // an unreadable disk cannot be reused
	}
	p.Cloner = &gzfile.Cloner{
		Clone:   func(off, _, n int64) error { return f.oldDisk.Share(f.next.File, off, n) },
		NewFile: f.next.File,
	}
	p.Overwrite = f.out.overwrite
	return p, nil
}

// fillTarget writes the disk of a snapshot into the empty file, checks it and makes it durable.
func (d folder) fillTarget(ctx context.Context, f *restoreTarget, file *snapshotFile, name string) (size int64, err error) {
	if file.native == nil {
		size, err = f.fillFromForeign(ctx, file)
	} else {
		size, err = file.native.Header.Size, d.fillFromNative(ctx, f, file, name)
	}
	if errors.Is(err, ErrDamaged) {
		return 0, fmt.Errorf("%s: %w", d.filePath(name), err)
	}
	if err != nil {
		return 0, err
	}
	if err := f.next.Truncate(size); err != nil {
		return 0, err
	}
	f.p.Phase(PhaseFlush, 0)
	if err := f.next.Sync(); err != nil {
		return 0, err
	}
	return size, ctx.Err()
}

// fillFromForeign writes the disk of a foreign file, from start to end.
func (f *restoreTarget) fillFromForeign(ctx context.Context, file *snapshotFile) (size int64, err error) {
	f.p.Phase(PhaseRestore, file.size)
	c, err := unpackForeign(ctx, io.NewSectionReader(file, 0, file.size), f.sink, gzfile.Options{Add: f.p.Add})
	return c.Size, err
}

// fillFromNative writes the disk of one of our files by its index. Without an index, or if the file
// does not match it, decode scans the file.
func (d folder) fillFromNative(ctx context.Context, f *restoreTarget, file *snapshotFile, name string) error {
	var byIndex *gzfile.Damage
	if index := readIndex(d.indexPath(name), file); index != nil {
		present, err := f.existingDisk(ctx)
		if err != nil {
			return err
		}
		f.p.Phase(PhaseRestore, index.DataBytes())
		err = file.native.Decode(ctx, index, f.sink, gzfile.Options{Add: f.p.Add, Present: present})
		if err == nil && present != nil {
			f.reused, f.shared = present.Reused, present.Shared
		}
		if err == nil {
			f.damage = f.checkWholeFile(ctx, file)
			return ctx.Err()
		}
		if !errors.As(err, &byIndex) {
			return err
		}
		if err := f.next.Truncate(0); err != nil {
			return err
		}
	}
	f.p.Phase(PhaseRestore, file.size)
	var err error
	f.index, err = file.native.Scan(ctx, f.sink, gzfile.Options{Add: f.p.Add})
	if errors.Is(err, ErrDamaged) && byIndex != nil && byIndex.Chunk >= 0 {
		return byIndex
	}
	return err
}

// checkWholeFile reads the whole file and returns the damage found. Decode does not read the
// zeros, or the chunks taken from the existing disk.
func (f *restoreTarget) checkWholeFile(ctx context.Context, file *snapshotFile) error {
	f.p.Phase(PhaseVerify, file.size)
	return file.native.CopyTo(ctx, io.Discard, gzfile.Options{Add: f.p.Add})
}

// readIndex returns the index of a file, or nil if it is missing or unusable.
func readIndex(path string, file *snapshotFile) *gzfile.Index {
	if file.native == nil {
		return nil
	}
	f, _, err := diskfile.OpenRegular(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	index, err := gzfile.ReadIndex(f, file.native.Header)
	if err != nil {
		return nil
	}
	return index
}

// diskSize returns the size of the disk at path, or 0 if it does not exist.
func diskSize(path string) int64 {
	size, err := lazydisk.Size(path)
	if err != nil {
		return 0
	}
	return size
}
