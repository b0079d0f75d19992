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

// Restored is what a restore did.
type Restored struct {
	Info Info
	// Undo is the file that keeps the disk before, "" if there was none.
	Undo string
	// OldSize is the size of the disk before in bytes, 0 if there was none;
	// NewSize that of the restored one.
	OldSize, NewSize int64
}

// Restore puts a snapshot in the place of the disk, which may be a symbolic
// link, or missing. The caller holds the VM's lock and the job lock. The disk is
// replaced only once the whole image is written beside it, checked and durable;
// the one before is kept as the folder's Undo, and the one that was kept there
// is gone. The errors: ErrNotFound, ErrMissing, ErrDamaged (a *gzfile.Damage
// says which chunk), ErrNewer, a *NoSpace, the context's; after each of them the
// disk is as it was. After ErrNotDurable it is restored.
func (s *Store) Restore(ctx context.Context, name, disk string, p Progress) (Restored, error) {
	p = orSilent(p)
	info, err := s.present(ctx, name)
	if err != nil {
		return Restored{}, err
	}
	file, _, err := s.open(info.Name)
	if err != nil {
		return Restored{}, err
	}
	defer file.Close()
	target, err := diskfile.Resolve(disk)
	if err != nil {
		return Restored{}, err
	}
	if err := s.sweepDisk(target); err != nil {
		return Restored{}, err
	}
	out := Restored{Info: info}
	if st, err := os.Stat(target); err == nil {
		out.OldSize = st.Size()
	}
	next, err := ondisk.NewReplacement(target)
	if err != nil {
		return Restored{}, tell(ctx, filepath.Dir(target), 0, err)
	}
	defer next.Discard()
	if out.NewSize, err = s.fill(ctx, next, file, info, p); err != nil {
		return Restored{}, tell(ctx, filepath.Dir(target), max(0, info.Data), err)
	}
	kept, placed, err := diskfile.Swap(next, target, s.dir.Undo())
	if err != nil && placed {
		return out, fmt.Errorf("%w: %w", ErrNotDurable, err)
	}
	if err != nil {
		return Restored{}, tell(ctx, filepath.Dir(target), 0, err)
	}
	if kept {
		out.Undo = s.dir.Undo()
	}
	return out, nil
}

// sweepDisk removes what a restore that was killed has left.
func (s *Store) sweepDisk(target string) error {
	return errors.Join(ondisk.SweepTempsOf(target),
		ondisk.SweepTempsOf(s.dir.Undo()), ondisk.SweepTempsOf(ondisk.UndoBeside(target)))
}

// fill writes the checked image into an empty file and makes it durable.
func (s *Store) fill(ctx context.Context, next *ondisk.Replacement, file *opened, info Info, p Progress) (size int64, err error) {
	room, err := newBudget(filepath.Dir(next.Name()), max(0, info.Data))
	if err != nil {
		return 0, err
	}
	sink := func(off int64, content []byte) error {
		if err := room.take(len(content)); err != nil {
			return err
		}
		_, err := diskfile.Write(next, content, off)
		return err
	}
	if size, err = s.decode(ctx, next.File, file, info, sink, p); err != nil {
		return 0, err
	}
	if err := next.Truncate(size); err != nil {
		return 0, err
	}
	p.Phase(PhaseFlush, 0)
	if err := next.Sync(); err != nil {
		return 0, err
	}
	return size, ctx.Err()
}

// decode gives the image to sink: in parallel if there is an index, otherwise,
// and if the file does not hold what the index says, from start to end.
func (s *Store) decode(ctx context.Context, next *os.File, file *opened, info Info, sink gzfile.Sink, p Progress) (int64, error) {
	var byIndex error
	if index := s.readIndex(info.Name, file); index != nil {
		p.Phase(PhaseRestore, index.DataBytes())
		byIndex = file.ours.Decode(ctx, index, sink, gzfile.Options{Add: p.Add})
		if byIndex == nil {
			return index.Size, nil
		}
		if !errors.Is(byIndex, ErrDamaged) {
			return 0, byIndex
		}
		// The index is only a cache: the file itself has the last word.
		if err := next.Truncate(0); err != nil {
			return 0, err
		}
	}
	p.Phase(PhaseRestore, file.size)
	c, err := gzfile.Stream(ctx, io.NewSectionReader(file, 0, file.size), sink, gzfile.Options{Add: p.Add})
	if err == nil && file.ours != nil {
		err = file.ours.Check(c)
	}
	if errors.Is(err, ErrDamaged) {
		if byIndex != nil {
			err = byIndex // it knows the chunk
		}
		err = fmt.Errorf("%s: %w", s.file(info.Name), err)
	}
	return c.Size, err
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
