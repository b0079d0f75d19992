package image

import (
	"encoding/binary"
	"io"
)

// Constants of the qcow2 format; see docs/interop/qcow2.txt of QEMU.
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

// maxDisk is the maximum size of a disk in bytes.
const maxDisk = 16 << 40

// checkQCOW2 checks the header and the tables of a qcow2 file that is file bytes long, and
// returns the size of its disk. It returns ErrNotImage for references to other files and for
// unknown features, and ErrDamaged for a corrupt or truncated file.
func checkQCOW2(r io.ReaderAt, file int64) (size int64, err error) {
	h := make([]byte, qcow2V3Header)
	if n, err := r.ReadAt(h, 0); n < qcow2V2Header {
		return 0, damagedError("its header: %w", err)
	}
	be := binary.BigEndian
	version, clusterBits := be.Uint32(h[4:]), be.Uint32(h[20:])
	length, entrySize := uint32(qcow2V2Header), int64(8)
	switch {
	case version != 2 && version != 3:
		return 0, notImageError("qcow version %d is not supported", version)
	case be.Uint64(h[8:]) != 0 || be.Uint32(h[16:]) != 0:
		return 0, notImageError("it only has the differences from a backing file; flatten it first: qemu-img convert -O qcow2 FILE WHOLE")
	case be.Uint32(h[32:]) != 0:
		return 0, notImageError("it is encrypted")
	case clusterBits < 9 || clusterBits > 21:
		return 0, damagedError("clusters of 1<<%d bytes", clusterBits)
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
			return 0, damagedError("a header of %d bytes", length)
		}
	}
	if err := checkExtensions(r, int64(length), 1<<clusterBits); err != nil {
		return 0, err
	}
	disk := be.Uint64(h[24:])
	if disk == 0 || disk%sector != 0 {
		return 0, damagedError("a disk of %d bytes", disk)
	}
	if disk > maxDisk {
		return 0, notImageError("its disk of %d bytes is too large", disk)
	}
	return int64(disk), geometry{
		disk: int64(disk), file: file, clusterBits: clusterBits, entrySize: entrySize,
		l1At: int64(be.Uint64(h[40:]) & entryOffset), l1Entries: be.Uint32(h[36:]),
	}.checkTables(r)
}

func checkFeatures(bits uint64) error {
	switch {
	case bits&featureDataFile != 0:
		return notImageError("its data is in another file; flatten it first: qemu-img convert -O qcow2 FILE WHOLE")
	case bits&featureCorrupt != 0:
		return damagedError("it is marked as corrupt")
	case bits&^(featureDirty|featureZstd|featureExtendedL2) != 0:
		return notImageError("unknown qcow2 features (%#x)", bits)
	}
	return nil
}

// checkExtensions checks the header extensions, which are between the header and the end of
// the first cluster.
func checkExtensions(r io.ReaderAt, at, end int64) error {
	var head [8]byte
	for at+int64(len(head)) <= end {
		if n, err := r.ReadAt(head[:], at); n < len(head) {
			return damagedError("its header extensions: %w", err)
		}
		length := int64(binary.BigEndian.Uint32(head[4:]))
		switch binary.BigEndian.Uint32(head[:]) {
		case extensionEnd:
			return nil
		case extensionDataFile:
			return notImageError("its data is in another file")
		case extensionLUKS:
			return notImageError("it is encrypted")
		}
		at += int64(len(head)) + (length+7)&^7
	}
	if at > end {
		return damagedError("its header extensions do not end")
	}
	return nil
}
