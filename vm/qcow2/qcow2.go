// Package qcow2 creates and reads overlays: qcow2 files that contain only what a guest wrote
// to a disk. Create writes an empty overlay. QEMU then adds the guest's writes to it, on top
// of a backing disk that QEMU's arguments name, never the file. When no QEMU has it open, Open
// reads it, and Overlay.ApplyTo copies the writes into a disk.
//
// The package reads only what QEMU makes of the files that Create writes: version 3 without
// optional features (see docs/interop/qcow2.txt of QEMU). Images of other programs are the
// subject of package vm/image.
package qcow2

import (
	"errors"
	"fmt"
)

var (
	// ErrUnsupported means that a file uses a feature of qcow2 that overlays do not have.
	ErrUnsupported = errors.New("not an overlay that can be read")
	// ErrDamaged means that an overlay is corrupt or cut off.
	ErrDamaged = errors.New("the overlay is damaged")
)

// ClusterSize is the unit in which QEMU adds parts of the disk to an overlay, in bytes.
const ClusterSize = 1 << clusterBits

const (
	// maxSize is the maximum size of a disk in bytes. Create relies on it: the refcounts of
	// an empty overlay fit into one cluster.
	maxSize = 64 << 40

	clusterBits     = 16
	entriesPerTable = ClusterSize / 8
	bytesPerL1      = entriesPerTable * ClusterSize // bytes of the disk per L1 entry
	sector          = 512

	magic         = "QFI\xfb"
	version       = 3
	refcountOrder = 4 // refcounts of 1<<4 bits
	headerLength  = 104
)

// A Range is a part of a disk: the bytes from Start up to, but not including, End.
type Range struct{ Start, End int64 }

func unsupportedError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnsupported, fmt.Sprintf(format, args...))
}

func damagedError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}
