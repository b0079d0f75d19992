package usecase

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"vmterminal/snapshot/durable/lazydisk"
	"vmterminal/vm/home"
	"vmterminal/vm/qcow2"
)

// diskDigest returns the digest of a disk in a VM's folder. The digest of a lazy disk is that of
// the disk as the guest sees it.
func diskDigest(dir home.VMDir, path string) string {
	m, err := lazydisk.Read(path)
	if err != nil {
		return err.Error()
	}
	if m == nil {
		return fileDigest(path)
	}
	folder := lazydisk.Dir(dir.Filling()).Folder(*m)
	key := fmt.Sprint(m.Size, fileDigest(folder.Source()), fileDigest(folder.Overlay()))
	if known, ok := lazyCache[key]; ok {
		return known
	}
	digest, err := digestLazily(folder, m.Size)
	if err != nil {
		return err.Error()
	}
	lazyCache[key] = digest
	return digest
}

// lazyCache caches the results of digestLazily.
var lazyCache = map[string]string{}

// digestLazily returns the digest of the source with the overlay.
func digestLazily(folder lazydisk.Folder, size int64) (string, error) {
	disk, err := os.CreateTemp("", "lazy-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(disk.Name()) }()
	defer func() { _ = disk.Close() }()
	if err := disk.Truncate(size); err != nil {
		return "", err
	}
	source, err := os.Open(folder.Source())
	if err != nil {
		return "", err
	}
	defer func() { _ = source.Close() }() // read-only
	z, err := gzip.NewReader(source)
	if err != nil {
		return "", err
	}
	if err := copySparse(disk, z); err != nil {
		return "", err
	}
	overlay, err := qcow2.Open(folder.Overlay())
	if err != nil {
		return "", err
	}
	defer func() { _ = overlay.Close() }() // read-only
	if err := overlay.ApplyTo(context.Background(), disk, nil); err != nil {
		return "", err
	}
	return fileDigest(disk.Name()), nil
}

// copySparse writes everything but blocks of zeros.
func copySparse(to *os.File, from io.Reader) error {
	var b [block]byte
	for at := int64(0); ; at += block {
		n, err := io.ReadFull(from, b[:])
		if string(b[:n]) != string(zeros[:n]) {
			if _, err := to.WriteAt(b[:n], at); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
