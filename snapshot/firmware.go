package snapshot

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/diskfile"
)

// What the firmware of a guest with UEFI remembers is a file beside the disk. A
// snapshot has it in its header, so that it stays one file; a restore and an undo
// bring it along with the disk. Of the two files the disk decides: the firmware's
// next content is durable, under a name with the inode of the disk it goes with,
// before the disk is swapped, and gets its place after. SettleFirmware ends or drops
// what a crash has left of that. An empty file stands for none.

const (
	// maxPacked is how much of a header it may take, in bytes before base64, so that the longest
	// description still has its room.
	maxPacked = 5000
	// maxFirmware is the largest that is taken for a firmware's memory.
	maxFirmware = 8 << 20
)

// packFirmware is what a header keeps of the firmware's memory; "" if there is none.
// note tells of one that is too large.
func (s *Store) packFirmware() (packed, note string, err error) {
	content, err := s.stillFirmware()
	if err != nil || len(content) == 0 {
		return "", "", err
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return "", "", err
	}
	if _, err = w.Write(content); err == nil {
		err = w.Close()
	}
	if err != nil {
		return "", "", err
	}
	if b.Len() > maxPacked {
		return "", "What the guest's UEFI firmware remembers is too much to be kept in a snapshot: a restore leaves it as it is then.", nil
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), "", nil
}

// stillFirmware reads the memory as it is at one moment, though the guest may run:
// what is read twice alike was not written to between. A guest that never holds still
// gets what it deserves.
func (s *Store) stillFirmware() ([]byte, error) {
	const tries = 50
	content, err := readFirmware(s.dir.Firmware())
	for n := 0; n < tries && err == nil; n++ {
		before := content
		if content, err = readFirmware(s.dir.Firmware()); bytes.Equal(content, before) {
			break
		}
	}
	return content, err
}

func readFirmware(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFirmware+1))
	if err == nil && len(content) > maxFirmware {
		err = fmt.Errorf("%s is larger than any firmware's memory", path)
	}
	return content, err
}

func unpackFirmware(packed string) ([]byte, error) {
	if packed == "" {
		return nil, nil
	}
	deflated := flate.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(packed)))
	content, err := io.ReadAll(io.LimitReader(deflated, maxFirmware+1))
	if err != nil || len(content) > maxFirmware {
		return nil, fmt.Errorf("%w: what the firmware remembered cannot be unpacked", ErrDamaged)
	}
	return content, nil
}

// firmware is what a snapshot's file has of the firmware's memory, nil for none.
func (o *opened) firmware() ([]byte, error) {
	if o.ours == nil {
		return nil, nil
	}
	return unpackFirmware(o.ours.Header.Firmware)
}

// ExtractFirmware writes what a snapshot has of the firmware's memory to a file,
// durably; none is no file.
func (s *Store) ExtractFirmware(ctx context.Context, name, path string) error {
	info, err := s.present(ctx, name)
	if err != nil {
		return err
	}
	file, _, err := s.open(info.Name)
	if err != nil {
		return err
	}
	defer file.Close()
	content, err := file.firmware()
	if err != nil || len(content) == 0 {
		return err
	}
	return writeFirmware(path, content)
}

// CopyFirmware writes the firmware's memory as it is now to a file, durably; none is
// no file.
func (s *Store) CopyFirmware(path string) error {
	content, err := readFirmware(s.dir.Firmware())
	if err != nil || len(content) == 0 {
		return err
	}
	return writeFirmware(path, content)
}

func writeFirmware(path string, content []byte) error {
	return ondisk.Replace(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

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
// written. The caller holds the VM's
// lock.
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
