package snapshot

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
)

// prepareFirmware writes the variables that become current once the file with the given
// inode is the disk. If content is nil, it writes the current variables.
func (p Paths) prepareFirmware(content []byte, inode uint64) error {
	now, err := readFirmware(p.Firmware)
	if err != nil {
		return err
	}
	if now == nil && content == nil {
		return nil
	}
	if now == nil { // otherwise the undo disk would get an earlier one's variables
		if err := writeFirmware(p.Firmware, nil); err != nil {
			return durable.UnmarkNotDurable(err)
		}
	}
	if content == nil {
		content = now
	}
	return durable.UnmarkNotDurable(writeFirmware(p.firmwareNext(inode), content))
}

// keepUndoSuffix ends the names of files with variables written by RestoreKeepingUndo, which leaves
// the variables of the undo disk alone.
const keepUndoSuffix = "-over"

// prepareFirmwareKeepingUndo is like prepareFirmware, for RestoreKeepingUndo.
func (p Paths) prepareFirmwareKeepingUndo(content []byte, inode uint64) error {
	if content == nil {
		return nil // the current variables are kept
	}
	return durable.UnmarkNotDurable(writeFirmware(p.firmwareNext(inode)+keepUndoSuffix, content))
}

// SettleFirmware finishes the replacement of firmware variables after a crash or an error
// between the swap of the disk and that of the variables, and removes temporary files. The
// caller must hold the VM's lock.
func (s *Store) SettleFirmware() error {
	entries, err := os.ReadDir(filepath.Dir(s.paths.Firmware))
	if err != nil {
		return nil //nolint:nilerr // without a folder there is nothing to settle
	}
	for _, e := range entries {
		path := filepath.Join(filepath.Dir(s.paths.Firmware), e.Name())
		if e.Type().IsRegular() && s.paths.isFirmwareTemp(e.Name()) {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
		number, ok := strings.CutPrefix(path, s.paths.FirmwareNextPrefix)
		number, keepUndo := strings.CutSuffix(number, keepUndoSuffix)
		inode, err := strconv.ParseUint(number, 10, 64)
		if !ok || err != nil {
			continue
		}
		disk, err := s.paths.diskInode()
		if err != nil {
			return err
		}
		if disk != inode {
			if err := os.Remove(path); err != nil {
				return err
			}
			continue
		}
		if keepUndo {
			err = s.paths.replaceFirmware(path)
		} else {
			err = s.paths.placeFirmware(inode)
		}
		if err != nil {
			return err
		}
	}
	return s.removeOrphanFirmware()
}

// firmwareNext returns the path of the variables that become current once the file with the
// given inode is the disk.
func (p Paths) firmwareNext(inode uint64) string {
	return p.FirmwareNextPrefix + strconv.FormatUint(inode, 10)
}

// placeFirmware makes the current variables those of the undo disk, and the prepared
// variables the current ones. It can be repeated after a crash.
func (p Paths) placeFirmware(inode uint64) error {
	err := os.Rename(p.Firmware, p.FirmwareUndo)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// The renames must reach the disk in this order: otherwise both names could get the new
	// variables.
	if err := durable.SyncDir(filepath.Dir(p.Firmware)); err != nil {
		return err
	}
	return p.replaceFirmware(p.firmwareNext(inode))
}

// replaceFirmware makes the file at next the current variables.
func (p Paths) replaceFirmware(next string) error {
	if err := os.Rename(next, p.Firmware); err != nil {
		return err
	}
	return durable.MarkNotDurable(durable.SyncDir(filepath.Dir(p.Firmware)))
}

// removeOrphanFirmware removes the variables of an undo disk that no longer exists.
func (s *Store) removeOrphanFirmware() error {
	if _, err := os.Lstat(s.paths.FirmwareUndo); err != nil {
		return nil //nolint:nilerr // without variables there is nothing to do
	}
	if _, _, _, err := s.UndoInfo(); !errors.Is(err, ErrNoUndo) {
		return nil
	}
	return os.Remove(s.paths.FirmwareUndo) // harmless if a power cut brings it back
}

// diskInode returns the inode of the disk, or 0 if there is no disk.
func (p Paths) diskInode() (uint64, error) {
	target, err := diskfile.Resolve(p.Disk)
	if err != nil {
		return 0, err
	}
	st, err := os.Stat(target)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return diskfile.Inode(st), nil
}

// inodeOf returns the inode of an open file.
func inodeOf(f *os.File) (uint64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return diskfile.Inode(st), nil
}
