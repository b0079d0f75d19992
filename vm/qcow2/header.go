package qcow2

import (
	"encoding/binary"
	"errors"
	"io"
)

const (
	featureDirty   = 1 << 0
	featureCorrupt = 1 << 1

	extensionEnd      = 0
	extensionFeatures = 0x6803f857 // names of features

	maxRefcountClusters = 128 // as in QEMU

	compressionAt = headerLength // the offset of the next field, which QEMU may add
)

// header contains the fields of the header that differ between overlays.
type header struct {
	size                       int64
	dirty                      bool
	l1Table, refcountTable     uint64
	l1Entries, refcountEntries int64
}

// readHeader reads the header and checks everything in it except for the offsets.
func (o *Overlay) readHeader() (header, error) {
	b := make([]byte, ClusterSize)
	if _, err := o.f.ReadAt(b, 0); errors.Is(err, io.EOF) {
		return header{}, damagedError("its header is cut off")
	} else if err != nil {
		return header{}, err
	}
	return parseHeader(b)
}

// parseHeader parses the first cluster of a file.
func parseHeader(b []byte) (header, error) {
	be := binary.BigEndian
	incompatible, length := be.Uint64(b[72:]), be.Uint32(b[100:])
	refcountClusters := be.Uint32(b[56:])
	size := be.Uint64(b[24:])
	switch {
	case string(b[:4]) != magic:
		return header{}, damagedError("it does not start with a header")
	case be.Uint32(b[4:]) != version:
		return header{}, unsupportedError("qcow version %d", be.Uint32(b[4:]))
	case incompatible&featureCorrupt != 0:
		return header{}, damagedError("QEMU marked it as corrupt")
	case incompatible&^featureDirty != 0:
		return header{}, unsupportedError("features %#x", incompatible)
	case be.Uint64(b[8:]) != 0 || be.Uint32(b[16:]) != 0:
		return header{}, unsupportedError("it names a backing file")
	case be.Uint32(b[20:]) != clusterBits:
		return header{}, unsupportedError("clusters of 1<<%d bytes", be.Uint32(b[20:]))
	case be.Uint32(b[32:]) != 0:
		return header{}, unsupportedError("it is encrypted")
	case be.Uint32(b[60:]) != 0:
		return header{}, unsupportedError("it has snapshots")
	case be.Uint32(b[96:]) != refcountOrder:
		return header{}, unsupportedError("refcounts of 1<<%d bits", be.Uint32(b[96:]))
	case size > maxSize:
		return header{}, unsupportedError("a disk of %d bytes", size)
	case size == 0 || size%sector != 0:
		return header{}, damagedError("a disk of %d bytes", size)
	case refcountClusters == 0 || refcountClusters > maxRefcountClusters:
		return header{}, damagedError("a refcount table of %d clusters", refcountClusters)
	case length < headerLength || length%8 != 0 || length > ClusterSize:
		return header{}, damagedError("a header of %d bytes", length)
	case length > compressionAt && b[compressionAt] != 0:
		return header{}, unsupportedError("compression type %d", b[compressionAt])
	}
	h := header{
		size: int64(size), dirty: incompatible&featureDirty != 0,
		l1Table: be.Uint64(b[40:]), l1Entries: int64(be.Uint32(b[36:])),
		refcountTable: be.Uint64(b[48:]), refcountEntries: int64(refcountClusters) * entriesPerTable,
	}
	if h.l1Entries != l1Entries(h.size) {
		return header{}, damagedError("an L1 table of %d entries for a disk of %d bytes", h.l1Entries, h.size)
	}
	return h, checkExtensions(b[length:])
}

// checkExtensions checks the header extensions, which b begins with.
func checkExtensions(b []byte) error {
	for len(b) >= 8 {
		kind, length := binary.BigEndian.Uint32(b), int64(binary.BigEndian.Uint32(b[4:]))
		switch {
		case kind == extensionEnd:
			return nil
		case kind != extensionFeatures:
			return unsupportedError("header extension %#x", kind)
		case 8+length > int64(len(b)):
			return damagedError("a header extension of %d bytes", length)
		}
		b = b[8+(length+7)&^7:] // len(b) is a multiple of 8
	}
	return nil
}
