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

	"vmterminal/snapshot/durable"
)

// The variables of a guest's UEFI firmware are a file beside the disk. A snapshot stores
// them in its header, so that it remains a single file; restore and undo replace them with
// the disk. The swap of the disk is the decisive step: before it, the new variables are
// written durably to a file whose name contains the inode of the new disk; after it, that
// file is renamed. SettleFirmware finishes or discards changes that a crash has
// interrupted. An empty file means no variables.

const (
	// maxPackedFirmware is the maximum size of compressed variables in a header, in bytes before
	// base64, so that the longest description still fits.
	maxPackedFirmware = 5000
	// maxFirmware is the maximum size of a file of firmware variables, in bytes.
	maxFirmware = 8 << 20
)

// packFirmware encodes the variables in the file at path for a header. It returns "" if
// there are no variables, and a note if they are too large.
func packFirmware(path string) (packed, note string, err error) {
	content, err := readStableFirmware(path)
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
	if b.Len() > maxPackedFirmware {
		return "", "The variables of the guest's UEFI firmware are too large for a snapshot; restoring this one leaves the current variables unchanged.", nil
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), "", nil
}

// readStableFirmware reads the variables of a guest that may be running. It reads them
// until two reads are equal, so that the guest did not write in between. It gives up after
// 50 tries.
func readStableFirmware(path string) ([]byte, error) {
	const tries = 50
	content, err := readFirmware(path)
	for n := 0; n < tries && err == nil; n++ {
		before := content
		if content, err = readFirmware(path); bytes.Equal(content, before) {
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
		err = fmt.Errorf("%s is too large for firmware variables", path)
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
		return nil, fmt.Errorf("%w: its firmware variables cannot be decompressed", ErrDamaged)
	}
	return content, nil
}

// firmware returns the firmware variables in a snapshot file, or nil.
func (o *snapshotFile) firmware() ([]byte, error) {
	if o.native == nil {
		return nil, nil
	}
	return unpackFirmware(o.native.Header.Firmware)
}

// ExtractFirmware writes the firmware variables of a snapshot durably to a file. If the
// snapshot has no variables, it creates no file.
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

// CopyFirmware writes the current firmware variables durably to a file. If there are no
// variables, it creates no file.
func (s *Store) CopyFirmware(path string) error {
	content, err := readFirmware(s.paths.Firmware)
	if err != nil || len(content) == 0 {
		return err
	}
	return writeFirmware(path, content)
}

func writeFirmware(path string, content []byte) error {
	return durable.Replace(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}
