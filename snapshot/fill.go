package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/gzfile"
)

// restoreTarget is a new disk that is being filled from a snapshot, beside the one that it
// will replace.
type restoreTarget struct {
	next   *durable.Replacement
	before *Disk // the existing disk, or nil
	out    *budgeted
	p      Progress

	reused, shared int64
	index          *gzfile.Index // the rebuilt index, or nil if the existing one was used
	damage         error         // damage in a part of the file that was not needed
}

// newRestoreTarget returns a target that writes to next. It checks the free space first,
// unless blocks can be shared: the space needed is then unknown.
func newRestoreTarget(next *durable.Replacement, target string, needed int64, p Progress) (*restoreTarget, error) {
	f := &restoreTarget{next: next, p: p}
	// A disk that is missing or unreadable cannot be reused.
	if before, err := diskfile.Open(target); err == nil {
		f.before = before
		if diskfile.CanShare(next.File, before) {
			needed = 0
		}
	}
	room, err := newBudget(filepath.Dir(target), needed)
	if err != nil {
		f.close()
		return nil, err
	}
	f.out = &budgeted{WriteBehind: diskfile.WriteBehind{File: next.File, DropCache: true}, budget: room}
	return f, nil
}

func (f *restoreTarget) close() {
	if f.before != nil {
		_ = f.before.Close()
	}
}

func (f *restoreTarget) sink(off int64, content []byte) error {
	_, err := diskfile.Write(f.out, content, off)
	return err
}

// existingDisk returns the existing disk for Decode to reuse, or nil.
func (f *restoreTarget) existingDisk(ctx context.Context) (*gzfile.Present, error) {
	if f.before == nil {
		return nil, nil
	}
	p, err := gzfile.NewPresent(ctx, f.before)
	if err != nil {
		return nil, ctx.Err() // an unreadable disk cannot be reused
	}
	p.Cloner = &gzfile.Cloner{
		Clone: func(off, _, n int64) error { return f.before.Share(f.next.File, off, n) },
		New:   f.next.File,
	}
	p.Overwrite = f.overwrite
	return p, nil
}

// overwrite is like sink, for a part that is not a hole.
func (f *restoreTarget) overwrite(off int64, content []byte) error {
	if diskfile.Punch(f.next.File, off, int64(len(content))) == nil {
		return f.sink(off, content)
	}
	_, err := f.out.WriteAt(content, off)
	return err
}

// fill writes the disk of a snapshot into the empty file, checks it and makes it durable.
func (d folder) fill(ctx context.Context, f *restoreTarget, file *snapshotFile, name string) (size int64, err error) {
	if file.ours == nil {
		size, err = f.stream(ctx, file)
	} else {
		size, err = file.ours.Header.Size, d.decode(ctx, f, file, name)
	}
	if errors.Is(err, ErrDamaged) {
		return 0, fmt.Errorf("%s: %w", d.file(name), err)
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

// stream writes the disk of a foreign file, from start to end.
func (f *restoreTarget) stream(ctx context.Context, file *snapshotFile) (size int64, err error) {
	f.p.Phase(PhaseRestore, file.size)
	c, err := unpack(ctx, io.NewSectionReader(file, 0, file.size), f.sink, gzfile.Options{Add: f.p.Add})
	return c.Size, err
}

// decode writes the disk of one of our files by its index. Without an index, or if the file
// does not match it, decode scans the file.
func (d folder) decode(ctx context.Context, f *restoreTarget, file *snapshotFile, name string) error {
	var byIndex *gzfile.Damage
	if index := d.readIndex(name, file); index != nil {
		present, err := f.existingDisk(ctx)
		if err != nil {
			return err
		}
		f.p.Phase(PhaseRestore, index.DataBytes())
		err = file.ours.Decode(ctx, index, f.sink, gzfile.Options{Add: f.p.Add, Present: present})
		if err == nil && present != nil {
			f.reused, f.shared = present.Reused, present.Shared
		}
		if err == nil {
			f.damage = f.checkRest(ctx, file)
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
	f.index, err = file.ours.Scan(ctx, f.sink, gzfile.Options{Add: f.p.Add})
	if errors.Is(err, ErrDamaged) && byIndex != nil && byIndex.Chunk >= 0 {
		return byIndex
	}
	return err
}

// checkRest reads the whole file and returns the damage found. Decode does not read the
// zeros, or the chunks taken from the existing disk.
func (f *restoreTarget) checkRest(ctx context.Context, file *snapshotFile) error {
	f.p.Phase(PhaseVerify, file.size)
	return file.ours.CopyTo(ctx, io.Discard, gzfile.Options{Add: f.p.Add})
}

// readIndex returns the index of a file, or nil if it is missing or unusable.
func (d folder) readIndex(name string, file *snapshotFile) *gzfile.Index {
	if file.ours == nil {
		return nil
	}
	f, _, err := diskfile.OpenRegular(d.index(name))
	if err != nil {
		return nil
	}
	defer f.Close()
	index, err := gzfile.ReadIndex(f, file.ours.Header)
	if err != nil {
		return nil
	}
	return index
}

// sizeOf returns the size of the file at path, or 0 if it does not exist.
func sizeOf(path string) int64 {
	st, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return st.Size()
}
