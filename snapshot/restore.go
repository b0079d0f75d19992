package snapshot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/lazydisk"
)

// Restored is the result of a restore.
type Restored struct {
	Info Info
	// Undo is the path of the undo disk, or "" if there was no disk before.
	Undo string
	// OldSize is the size of the old disk in bytes, or 0 if there was no disk. NewSize is
	// the size of the restored disk.
	OldSize, NewSize int64
	// Reused is how many bytes were taken from the old disk, and Shared is how many of
	// these share blocks with it.
	Reused, Shared int64
	// Damage describes damage in a part of the snapshot file that this restore did not need,
	// or is nil. The restored disk is not affected.
	Damage error
	// Lazy reports that the disk is still to be filled in.
	Lazy bool
}

// Restore replaces the disk, which may be a symbolic link or missing, with a snapshot. The
// caller must hold the VM's lock and the job lock. The new disk is written next to the old
// one, which is replaced only once the new disk is complete, checked and durable. Chunks that
// the old disk also contains, as determined by their SHA-256, are taken from it. The old disk
// becomes the undo disk and replaces the previous one. Damage in a part of the file that was
// not needed is not an error, but is reported in Restored. The error may wrap ErrNotFound,
// ErrMissing, ErrDamaged (a *Damage names the chunk), ErrNewer, ErrTooLarge, a *NoSpace or the
// context's error; the disk is then unchanged. If the error wraps ErrNotDurable, the disk has
// been restored.
func (s *Store) Restore(ctx context.Context, name, disk string, p Progress) (Restored, error) {
	return s.restore(ctx, name, disk, restoreOptions{}, orNoProgress(p))
}

// RestoreKeepingUndo is like Restore, but keeps the existing undo disk and discards the old
// disk.
func (s *Store) RestoreKeepingUndo(ctx context.Context, name, disk string, p Progress) (Restored, error) {
	return s.restore(ctx, name, disk, restoreOptions{keepUndo: true}, orNoProgress(p))
}

type restoreOptions struct {
	keepUndo bool
	// createOverlay is set to make the disk lazy.
	createOverlay OverlayFunc
}

func (s *Store) restore(ctx context.Context, name, disk string, opt restoreOptions, p Progress) (Restored, error) {
	file, info, err := s.openPresent(ctx, name)
	if err != nil {
		return Restored{}, err
	}
	defer file.Close()
	target, err := diskfile.Resolve(disk)
	if err != nil {
		return Restored{}, err
	}
	if err := diskfile.Sweep(target, s.paths.Undo); err != nil {
		return Restored{}, err
	}
	out := Restored{Info: info, OldSize: diskSize(target)}
	next, err := durable.NewReplacement(target)
	if err != nil {
		return Restored{}, classifyError(ctx, filepath.Dir(target), 0, err)
	}
	defer next.Discard()
	var folder lazydisk.Folder
	isPlaced := false
	if opt.createOverlay == nil {
		err = s.restoreWhole(ctx, next, target, file, &out, p)
	} else {
		folder, err = s.makeLazy(ctx, next.File, s.paths.Filling, file, info, opt.createOverlay, p)
		defer func() {
			if !isPlaced && folder != "" {
				folder.Remove()
			}
		}()
	}
	if err != nil {
		return Restored{}, classifyError(ctx, filepath.Dir(target), max(0, info.Data), err)
	}
	if folder != "" {
		out.NewSize, out.Lazy = file.native.Header.Size, true
	}
	if err := s.prepareRestoredFirmware(file, next.File, opt.keepUndo); err != nil {
		_ = s.SettleFirmware() // if it fails, the next holder of the VM's lock does it
		return Restored{}, classifyError(ctx, filepath.Dir(s.paths.Disk), 0, err)
	}
	undo := s.paths.Undo
	if opt.keepUndo {
		undo = ""
	}
	kept, placed, err := diskfile.Swap(next, target, undo)
	isPlaced = placed
	if settled := s.SettleFirmware(); placed { // if not placed, the next holder of the VM's lock does it
		err = errors.Join(err, settled)
	}
	if err != nil && placed {
		return out, fmt.Errorf("%w: %w", ErrNotDurable, err)
	}
	_ = s.SweepLazy() // if it fails, the next holder of the VM's lock does it
	if err != nil {
		return Restored{}, classifyError(ctx, filepath.Dir(target), 0, err)
	}
	if kept || opt.keepUndo {
		out.Undo = s.paths.Undo
	}
	if errors.Is(out.Damage, ErrDamaged) {
		v := Verifier{store: s}
		v.addFinding(info, func(r *row) { r.VerifiedAt, r.Damage = time.Time{}, newFoundDamage(out.Damage) })
		v.Close()
	}
	return out, nil
}

// restoreWhole writes the whole disk of a snapshot to next, the file that will replace target.
func (s *Store) restoreWhole(ctx context.Context, next *durable.Replacement, target string, file *snapshotFile, out *Restored, p Progress) error {
	restoreTarget, err := newRestoreTarget(next, target, max(0, out.Info.Data), p)
	if err != nil {
		return err
	}
	defer restoreTarget.close()
	if out.NewSize, err = s.fillTarget(ctx, restoreTarget, file, out.Info.Name); err != nil {
		return err
	}
	out.Reused, out.Shared, out.Damage = restoreTarget.reused, restoreTarget.shared, restoreTarget.damage
	if restoreTarget.index != nil {
		saveIndex(s.indexPath(out.Info.Name), restoreTarget.index)
	}
	return nil
}

// prepareRestoredFirmware stores the snapshot's firmware variables for next, the file that
// will become the disk.
func (s *Store) prepareRestoredFirmware(file *snapshotFile, next *os.File, keepUndo bool) error {
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
	if keepUndo {
		return s.paths.prepareFirmwareKeepingUndo(content, inode)
	}
	return s.paths.prepareFirmware(content, inode)
}
