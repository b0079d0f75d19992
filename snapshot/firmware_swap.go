package snapshot

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/diskfile"
)

// prepareFirmware lays down what the firmware is to remember once the file with that
// inode is the disk; nil: what it does now.
func (s *Store) prepareFirmware(content []byte, inode uint64) error {
	now, err := readFirmware(s.dir.Firmware())
	if err != nil {
		return err
	}
	if now == nil && content == nil {
		return nil
	}
	if now == nil { // or what was kept for an earlier undo would be taken for it
		if err := writeFirmware(s.dir.Firmware(), nil); err != nil {
			return ondisk.NotDone(err)
		}
	}
	if content == nil {
		content = now
	}
	return ondisk.NotDone(writeFirmware(s.dir.FirmwareNext(inode), content))
}

// SettleFirmware gives the disk's firmware its memory after a crash, or an error,
// between the swap of a disk and that of the firmware's, and sweeps what was being
// written. The caller holds the VM's lock.
func (s *Store) SettleFirmware() error {
	entries, err := os.ReadDir(filepath.Dir(s.dir.Firmware()))
	if err != nil {
		return nil //nolint:nilerr // without a folder there is nothing to settle
	}
	for _, e := range entries {
		if e.Type().IsRegular() && ondisk.IsFirmwareTemp(e.Name()) {
			if err := os.Remove(filepath.Join(string(s.dir), e.Name())); err != nil {
				return err
			}
		}
		number, ok := strings.CutPrefix(filepath.Join(string(s.dir), e.Name()), s.dir.FirmwareNextPrefix())
		inode, err := strconv.ParseUint(number, 10, 64)
		if !ok || err != nil {
			continue
		}
		disk, _ := s.DiskFiles()
		if disk != inode {
			if err := os.Remove(s.dir.FirmwareNext(inode)); err != nil {
				return err
			}
			continue
		}
		if err := s.placeFirmware(inode); err != nil {
			return err
		}
	}
	return s.dropLoneFirmware()
}

// placeFirmware gives the next memory its place; the one before is kept for undo.
// Whatever of it is done already, after a crash, is not done again.
func (s *Store) placeFirmware(inode uint64) error {
	err := os.Rename(s.dir.Firmware(), s.dir.FirmwareUndo())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// In this order on the disk, too: else both names could be the next one's.
	if err := ondisk.SyncDir(string(s.dir)); err != nil {
		return err
	}
	if err := os.Rename(s.dir.FirmwareNext(inode), s.dir.Firmware()); err != nil {
		return err
	}
	return ondisk.Done(ondisk.SyncDir(string(s.dir)))
}

// dropLoneFirmware removes what is kept for an undo of which the disk is gone.
func (s *Store) dropLoneFirmware() error {
	if _, err := os.Lstat(s.dir.FirmwareUndo()); err != nil {
		return nil //nolint:nilerr // there is none
	}
	if _, _, _, err := s.UndoInfo(); !errors.Is(err, ErrNoUndo) {
		return nil
	}
	return os.Remove(s.dir.FirmwareUndo()) // a power cut that brings it back does no harm
}

// inodeOf is what tells an open file from all others.
func inodeOf(f *os.File) (uint64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return diskfile.Inode(st), nil
}
