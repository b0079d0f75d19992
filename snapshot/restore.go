package snapshot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/diskfile"
)

// Restored is what a restore did.
type Restored struct {
	Info Info
	// Undo is the file that keeps the disk before, "" if there was none.
	Undo string
	// OldSize is the size of the disk before in bytes, 0 if there was none;
	// NewSize that of the restored one.
	OldSize, NewSize int64
	// Reused is how many bytes of the disk the one before had already; Shared
	// what of these shares its blocks with the undo.
	Reused, Shared int64
}

// Restore puts a snapshot in the place of the disk, which may be a symbolic
// link, or missing. The caller holds the VM's lock and the job lock. The disk is
// replaced only once the whole image is written beside it, checked and durable;
// chunks that the disk has already are taken from there, by their SHA-256;
// the one before is kept as the folder's Undo, and the one that was kept there
// is gone. The errors: ErrNotFound, ErrMissing, ErrDamaged (a *gzfile.Damage
// says which chunk), ErrNewer, ErrTooLarge, a *NoSpace, the context's; after each of them the
// disk is as it was. After ErrNotDurable it is restored.
func (s *Store) Restore(ctx context.Context, name, disk string, p Progress) (Restored, error) {
	p = orSilent(p)
	file, info, err := s.openPresent(ctx, name)
	if err != nil {
		return Restored{}, err
	}
	defer file.Close()
	target, err := diskfile.Resolve(disk)
	if err != nil {
		return Restored{}, err
	}
	if err := diskfile.Sweep(target, s.dir.Undo()); err != nil {
		return Restored{}, err
	}
	out := Restored{Info: info, OldSize: sizeOf(target)}
	next, err := ondisk.NewReplacement(target)
	if err != nil {
		return Restored{}, tell(ctx, filepath.Dir(target), 0, err)
	}
	defer next.Discard()
	filling, err := newFilling(next, target, max(0, info.Data), p)
	if err != nil {
		return Restored{}, err
	}
	defer filling.close()
	if out.NewSize, err = s.fill(ctx, filling, file, info.Name); err != nil {
		return Restored{}, tell(ctx, filepath.Dir(target), max(0, info.Data), err)
	}
	out.Reused, out.Shared = filling.reused, filling.shared
	if filling.index != nil {
		s.keepIndex(info.Name, filling.index)
	}
	if err := s.prepareRestored(file, next.File); err != nil {
		_ = s.SettleFirmware() // or whoever looks next does it
		return Restored{}, tell(ctx, string(s.dir), 0, err)
	}
	kept, placed, err := diskfile.Swap(next, target, s.dir.Undo())
	if settled := s.SettleFirmware(); placed { // or whoever looks next does it
		err = errors.Join(err, settled)
	}
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

// prepareRestored lays down what the snapshot has of the firmware's memory, for the
// disk that next will be.
func (s *Store) prepareRestored(file *opened, next *os.File) error {
	content, err := file.firmware()
	if err != nil {
		return err
	}
	if err := s.SettleFirmware(); err != nil {
		return err
	}
	inode, err := inodeOf(next)
	if err != nil {
		return err
	}
	return s.prepareFirmware(content, inode)
}
