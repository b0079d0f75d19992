package snapshot

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/klauspost/compress/flate"

	"vmterminal/app/ondisk"
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
	file, _, err := s.openPresent(ctx, name)
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
