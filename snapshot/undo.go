package snapshot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable/lazydisk"
)

// Undone is the result of an undo.
type Undone struct {
	// Undo is the path of the new undo disk, or "" if there was no disk.
	Undo string
	// OldSize is the size of the replaced disk in bytes, or 0 if there was no disk. NewSize
	// is the size of the new disk.
	OldSize, NewSize int64
}

// Undo exchanges the disk and the undo disk, so that a second Undo reverts the first. The
// caller must hold the VM's lock and the job lock. The disk always exists, and a crash
// loses neither. The error wraps ErrNoUndo if there is no undo disk; after any error but
// ErrNotDurable the disk is unchanged.
func (s *Store) Undo(ctx context.Context, disk string) (Undone, error) {
	if err := ctx.Err(); err != nil {
		return Undone{}, err
	}
	target, err := diskfile.Resolve(disk)
	if err != nil {
		return Undone{}, err
	}
	var out Undone
	if size, err := lazydisk.Size(target); err == nil {
		out.OldSize, out.Undo = size, s.paths.Undo
	}
	if err := s.prepareUndoFirmware(); err != nil {
		_ = s.SettleFirmware() // if it fails, the next holder of the VM's lock does it
		return Undone{}, classifyError(ctx, filepath.Dir(s.paths.Disk), 0, err)
	}
	placed, err := diskfile.SwapBack(target, s.paths.Undo)
	if settled := s.SettleFirmware(); placed { // if not placed, the next holder of the VM's lock does it
		err = errors.Join(err, settled)
	}
	if err != nil && !placed {
		return Undone{}, classifyError(ctx, filepath.Dir(target), 0, err)
	}
	out.NewSize = diskSize(target)
	if err != nil {
		return out, fmt.Errorf("%w: %w", ErrNotDurable, err)
	}
	return out, nil
}

// DiscardUndo removes the undo disk and returns the number of bytes freed. The caller must
// hold the job lock. The error wraps ErrNoUndo if there is no undo disk.
func (s *Store) DiscardUndo(ctx context.Context) (freed int64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	target, err := diskfile.Resolve(s.paths.Disk)
	if err != nil {
		return 0, err
	}
	var lazy *lazydisk.Marker
	if path, _, err := diskfile.UndoDisk(target, s.paths.Undo); err == nil {
		lazy, _ = lazydisk.Read(path)
	}
	freed, err = diskfile.Discard(target, s.paths.Undo)
	_ = s.removeOrphanFirmware() // if it fails, the next holder of the VM's lock does it
	if disk, readErr := lazydisk.Read(target); err == nil && lazy != nil && readErr == nil && (disk == nil || disk.ID != lazy.ID) {
		s.paths.Filling.Folder(*lazy).Remove() // likewise
	}
	return freed, err
}

// prepareUndoFirmware writes the firmware variables of the undo disk for the exchange.
func (s *Store) prepareUndoFirmware() error {
	if err := s.SettleFirmware(); err != nil {
		return err
	}
	content, err := readFirmware(s.paths.FirmwareUndo)
	if err != nil {
		return err
	}
	_, kept := s.DiskInodes()
	return s.paths.prepareFirmware(content, kept)
}

// UndoPath returns the path of the undo disk. The error wraps ErrNoUndo without an undo disk.
func (s *Store) UndoPath() (string, error) {
	target, err := diskfile.Resolve(s.paths.Disk)
	if err != nil {
		return "", err
	}
	path, _, err := diskfile.UndoDisk(target, s.paths.Undo)
	return path, err
}

// UndoInfo returns the size of the undo disk, how many bytes it occupies on its file
// system, and when it became the undo disk, according to the file system. The error wraps
// ErrNoUndo if there is no undo disk.
func (s *Store) UndoInfo() (size, used int64, at time.Time, err error) {
	target, err := diskfile.Resolve(s.paths.Disk)
	if err != nil {
		return 0, 0, time.Time{}, err
	}
	path, st, err := diskfile.UndoDisk(target, s.paths.Undo)
	if err != nil {
		return 0, 0, time.Time{}, err
	}
	if now, err := os.Stat(target); err == nil && os.SameFile(now, st) {
		return 0, 0, time.Time{}, fmt.Errorf("%w: it is the disk itself", ErrNoUndo)
	}
	return diskSize(path), diskfile.Allocated(st), diskfile.ChangeTime(st), nil
}

// DiskState returns a fingerprint of the disk and its firmware variables. If two
// fingerprints are equal, neither was written to in between. DiskState returns "" if the
// disk is missing.
func (s *Store) DiskState() string {
	target, err := diskfile.Resolve(s.paths.Disk)
	if err != nil {
		return ""
	}
	st, err := os.Stat(target)
	if err != nil {
		return ""
	}
	return s.fingerprintOf(target, st, s.paths.Firmware)
}

// UndoState is like DiskState, for the undo disk.
func (s *Store) UndoState() string {
	target, err := diskfile.Resolve(s.paths.Disk)
	if err != nil {
		return ""
	}
	path, st, err := diskfile.UndoDisk(target, s.paths.Undo)
	if err != nil {
		return ""
	}
	return s.fingerprintOf(path, st, s.paths.FirmwareUndo)
}

// fingerprintOf returns a fingerprint of the disk at path, of its overlay if it is lazy, and of its
// firmware variables.
func (s *Store) fingerprintOf(path string, disk os.FileInfo, firmware string) string {
	text := fmt.Sprint(diskfile.Inode(disk), disk.Size(), disk.ModTime().UnixNano(), diskfile.ChangeTime(disk).UnixNano())
	others := []string{firmware}
	if m, err := lazydisk.Read(path); err == nil && m != nil {
		others = append(others, s.paths.Filling.Folder(*m).Overlay())
	}
	for _, other := range others {
		if st, err := os.Stat(other); err == nil {
			text += fmt.Sprint(" ", diskfile.Inode(st), st.Size(), st.ModTime().UnixNano())
		}
	}
	return text
}

// DiskInodes returns the inodes of the disk and of the undo disk, or 0 for a missing one.
func (s *Store) DiskInodes() (disk, undo uint64) {
	target, err := diskfile.Resolve(s.paths.Disk)
	if err != nil {
		return 0, 0
	}
	if st, err := os.Stat(target); err == nil {
		disk = diskfile.Inode(st)
	}
	if _, st, err := diskfile.UndoDisk(target, s.paths.Undo); err == nil {
		undo = diskfile.Inode(st)
	}
	return disk, undo
}
