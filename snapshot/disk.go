package snapshot

import (
	"os"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/gzfile"
)

// Source is a disk to create a snapshot from: a stopped disk, or a point in time of a running
// one.
type Source = gzfile.Source

// Range is a part of a disk, in bytes.
type Range = gzfile.Range

// MaxDisk is the maximum size of a disk, in bytes: 16 TiB.
const MaxDisk = gzfile.MaxDisk

// Disk is a stopped VM's disk as a Source.
type Disk = diskfile.Disk

// StoppedSource is a Source that is, at least at first, the disk of a stopped VM. *Disk
// implements it.
type StoppedSource interface {
	Source
	// CheckUnchanged returns ErrDiskChanged if another program has written to the disk
	// since it was opened, so that what was read may be wrong.
	CheckUnchanged() error
	// Share makes n bytes of dst at offset off share the blocks of the same range of the
	// disk. If that is impossible, the error is errors.ErrUnsupported.
	Share(dst *os.File, off, n int64) error
}

func checkUnchanged(src Source) error {
	if disk, ok := src.(StoppedSource); ok {
		return disk.CheckUnchanged()
	}
	return nil
}

// OpenDisk opens the disk at path, following symbolic links. The caller must hold the lock
// that prevents writes to it.
func OpenDisk(path string) (*Disk, error) { return diskfile.Open(path) }
