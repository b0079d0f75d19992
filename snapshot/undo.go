package snapshot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"vmterminal/snapshot/diskfile"
)

// Undone is what an undo did.
type Undone struct {
	// Undo is the file that keeps the disk that was replaced, "" if the disk was
	// missing.
	Undo string
	// OldSize is the size of the disk before in bytes, 0 if there was none;
	// NewSize that of the one that is back.
	OldSize, NewSize int64
}

// Undo brings the disk that the last restore replaced back, and keeps the
// present one in its stead, so that another Undo goes forth again. The caller
// holds the VM's lock and the job lock. At no instant is the disk missing, and
// neither is lost by a crash. The error wraps ErrNoUndo if none is kept; after
// any error but ErrNotDurable the disk is as it was.
func (s *Store) Undo(ctx context.Context, disk string) (Undone, error) {
	if err := ctx.Err(); err != nil {
		return Undone{}, err
	}
	target, err := diskfile.Resolve(disk)
	if err != nil {
		return Undone{}, err
	}
	var out Undone
	if st, err := os.Stat(target); err == nil {
		out.OldSize, out.Undo = st.Size(), s.dir.Undo()
	}
	if err := s.prepareUndo(); err != nil {
		_ = s.SettleFirmware() // or whoever looks next does it
		return Undone{}, tell(ctx, string(s.dir), 0, err)
	}
	placed, err := diskfile.Back(target, s.dir.Undo())
	if settled := s.SettleFirmware(); placed { // or whoever looks next does it
		err = errors.Join(err, settled)
	}
	if err != nil && !placed {
		return Undone{}, tell(ctx, filepath.Dir(target), 0, err)
	}
	if st, err := os.Stat(target); err == nil {
		out.NewSize = st.Size()
	}
	if err != nil {
		return out, fmt.Errorf("%w: %w", ErrNotDurable, err)
	}
	return out, nil
}

// DiscardUndo removes the disk that is kept for Undo and returns how many bytes
// of its file system that has freed. The caller holds the job lock. The error
// wraps ErrNoUndo.
func (s *Store) DiscardUndo(ctx context.Context) (freed int64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	target, err := diskfile.Resolve(s.dir.Disk())
	if err != nil {
		return 0, err
	}
	freed, err = diskfile.Discard(target, s.dir.Undo())
	_ = s.dropLoneFirmware() // or whoever holds the VM next does it
	return freed, err
}

// prepareUndo lays down what the firmware remembered with the disk that is kept.
func (s *Store) prepareUndo() error {
	if err := s.SettleFirmware(); err != nil {
		return err
	}
	content, err := readFirmware(s.dir.FirmwareUndo())
	if err != nil {
		return err
	}
	_, kept := s.DiskFiles()
	return s.prepareFirmware(content, kept)
}

// UndoInfo tells the size of the disk that is kept for Undo, how many bytes of
// its file system it takes up, and since when it is kept, as far as the file
// system knows. The error wraps ErrNoUndo.
func (s *Store) UndoInfo() (size, used int64, at time.Time, err error) {
	target, err := diskfile.Resolve(s.dir.Disk())
	if err != nil {
		return 0, 0, time.Time{}, err
	}
	_, st, err := diskfile.Kept(target, s.dir.Undo())
	if err != nil {
		return 0, 0, time.Time{}, err
	}
	if now, err := os.Stat(target); err == nil && os.SameFile(now, st) {
		return 0, 0, time.Time{}, fmt.Errorf("%w: it is the disk itself", ErrNoUndo)
	}
	return st.Size(), diskfile.Used(st), diskfile.Renamed(st), nil
}

// DiskFiles tells the inodes of the disk and of the one that is kept for Undo; 0
// where there is none.
func (s *Store) DiskFiles() (disk, kept uint64) {
	target, err := diskfile.Resolve(s.dir.Disk())
	if err != nil {
		return 0, 0
	}
	if st, err := os.Stat(target); err == nil {
		disk = diskfile.Inode(st)
	}
	if _, st, err := diskfile.Kept(target, s.dir.Undo()); err == nil {
		kept = diskfile.Inode(st)
	}
	return disk, kept
}
