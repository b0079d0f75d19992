package image

import (
	"encoding/binary"
	"io"
)

const qcow2Magic = "QFI\xfb"

// What of a qcow2 header matters here; see docs/interop/qcow2.txt of QEMU.
const (
	qcow2V2Header = 72
	qcow2V3Header = 104

	featureDirty      = 1 << 0
	featureCorrupt    = 1 << 1
	featureDataFile   = 1 << 2
	featureZstd       = 1 << 3
	featureExtendedL2 = 1 << 4

	extensionEnd      = 0
	extensionDataFile = 0x44415441
	extensionLUKS     = 0x0537be77
)

// maxDisk is the size of the largest disk, in bytes.
const maxDisk = 16 << 40

// checkQCOW2 looks at the header and the tables of a qcow2 file of so many bytes
// and returns its disk's size. It refuses, as ErrNotImage, whatever leads out of
// the file, and what is not known here; as ErrDamaged what is not whole.
func checkQCOW2(r io.ReaderAt, file int64) (size int64, err error) {
	h := make([]byte, qcow2V3Header)
	if n, err := r.ReadAt(h, 0); n < qcow2V2Header {
		return 0, damaged("its header: %w", err)
	}
	be := binary.BigEndian
	version, clusterBits := be.Uint32(h[4:]), be.Uint32(h[20:])
	length, entrySize := uint32(qcow2V2Header), int64(8)
	switch {
	case version != 2 && version != 3:
		return 0, notImage("qcow version %d, not 2 or 3", version)
	case be.Uint64(h[8:]) != 0 || be.Uint32(h[16:]) != 0:
		return 0, notImage("it is only the difference to a backing file; make it whole first: qemu-img convert -O qcow2 FILE WHOLE")
	case be.Uint32(h[32:]) != 0:
		return 0, notImage("it is encrypted")
	case clusterBits < 9 || clusterBits > 21:
		return 0, damaged("clusters of 1<<%d bytes", clusterBits)
	}
	if version == 3 {
		features := be.Uint64(h[72:])
		if err := checkFeatures(features); err != nil {
			return 0, err
		}
		if features&featureExtendedL2 != 0 {
			entrySize = 16
		}
		if length = be.Uint32(h[100:]); length < qcow2V3Header || length > 1<<clusterBits {
			return 0, damaged("a header of %d bytes", length)
		}
	}
	if err := checkExtensions(r, int64(length), 1<<clusterBits); err != nil {
		return 0, err
	}
	disk := be.Uint64(h[24:])
	if disk == 0 || disk%sector != 0 {
		return 0, damaged("a disk of %d bytes", disk)
	}
	if disk > maxDisk {
		return 0, notImage("its disk is larger than any that is possible here: %d bytes", disk)
	}
	return int64(disk), geometry{
		disk: int64(disk), file: file, clusterBits: clusterBits, entrySize: entrySize,
		l1At: int64(be.Uint64(h[40:]) & entryOffset), l1Entries: be.Uint32(h[36:]),
	}.check(r)
}

func checkFeatures(bits uint64) error {
	switch {
	case bits&featureDataFile != 0:
		return notImage("its data is in another file; make it whole first: qemu-img convert -O qcow2 FILE WHOLE")
	case bits&featureCorrupt != 0:
		return damaged("it is marked as corrupt")
	case bits&^(featureDirty|featureZstd|featureExtendedL2) != 0:
		return notImage("qcow2 with features that are not known here (%#x)", bits)
	}
	return nil
}

// checkExtensions goes through the header's extensions, which lie between the
// header and the end of the first cluster.
func checkExtensions(r io.ReaderAt, at, end int64) error {
	var head [8]byte
	for at+int64(len(head)) <= end {
		if n, err := r.ReadAt(head[:], at); n < len(head) {
			return damaged("its header's extensions: %w", err)
		}
		length := int64(binary.BigEndian.Uint32(head[4:]))
		switch binary.BigEndian.Uint32(head[:]) {
		case extensionEnd:
			return nil
		case extensionDataFile:
			return notImage("its data is in another file")
		case extensionLUKS:
			return notImage("it is encrypted")
		}
		at += int64(len(head)) + (length+7)&^7
	}
	if at > end {
		return damaged("its header's extensions do not end")
	}
	return nil
}
