package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/gzfile"
)

// A filling is a new disk on its way, beside the one that it will replace.
type filling struct {
	next   *ondisk.Replacement
	before *Disk // nil if there is none
	out    *budgeted
	p      Progress

	reused, shared int64
	index          *gzfile.Index // that had to be made anew
}

// newFilling looks for room before anything is written. Where the file system
// shares blocks, what is needed shows only as it is written.
func newFilling(next *ondisk.Replacement, target string, needed int64, p Progress) (*filling, error) {
	f := &filling{next: next, p: p}
	// A disk that is missing, or cannot be read, has nothing to give.
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
	f.out = &budgeted{WriteBehind: diskfile.WriteBehind{File: next.File, Forget: true}, budget: room}
	return f, nil
}

func (f *filling) close() {
	if f.before != nil {
		_ = f.before.Close()
	}
}

func (f *filling) sink(off int64, content []byte) error {
	_, err := diskfile.Write(f.out, content, off)
	return err
}

// present is the disk before, as what Decode may take chunks from.
func (f *filling) present(ctx context.Context) (*gzfile.Present, error) {
	if f.before == nil {
		return nil, nil
	}
	p, err := gzfile.NewPresent(ctx, f.before)
	if err != nil {
		return nil, ctx.Err() // one that cannot be read has nothing to give
	}
	p.Share = func(off, n int64) error { return f.before.Share(f.next.File, off, n) }
	return p, nil
}

// fill writes the checked image into the empty file and makes it durable.
func (s *Store) fill(ctx context.Context, f *filling, file *opened, name string) (size int64, err error) {
	if file.ours == nil {
		size, err = f.stream(ctx, file)
	} else {
		size, err = file.ours.Header.Size, s.decode(ctx, f, file, name)
	}
	if errors.Is(err, ErrDamaged) {
		return 0, fmt.Errorf("%s: %w", s.file(name), err)
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

// stream writes the disk of a foreign file, from its start to its end.
func (f *filling) stream(ctx context.Context, file *opened) (size int64, err error) {
	f.p.Phase(PhaseRestore, file.size)
	c, err := unpack(ctx, io.NewSectionReader(file, 0, file.size), f.sink, gzfile.Options{Add: f.p.Add})
	return c.Size, err
}

// decode writes the disk of a file of ours by its index; without one, and if the
// file does not hold what the index says, by what the file itself holds.
func (s *Store) decode(ctx context.Context, f *filling, file *opened, name string) error {
	var byIndex *gzfile.Damage
	if index := s.readIndex(name, file); index != nil {
		present, err := f.present(ctx)
		if err != nil {
			return err
		}
		f.p.Phase(PhaseRestore, index.DataBytes())
		err = file.ours.Decode(ctx, index, f.sink, gzfile.Options{Add: f.p.Add, Present: present})
		if err == nil && present != nil {
			f.reused, f.shared = present.Reused(), present.Shared()
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

// readIndex returns the index of a file, nil if there is none that fits.
func (s *Store) readIndex(name string, file *opened) *gzfile.Index {
	if file.ours == nil {
		return nil
	}
	f, _, err := diskfile.OpenRegular(s.index(name))
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

// sizeOf returns the size of the file at path, 0 if there is none.
func sizeOf(path string) int64 {
	st, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return st.Size()
}
