package snapshot

import (
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

// checkUnchanged returns ErrDiskChanged if src is a stopped disk that another program has
// written to since it was opened.
func checkUnchanged(src Source) error {
	if disk, ok := src.(*Disk); ok {
		return disk.CheckUnchanged()
	}
	return nil
}

// OpenDisk opens the disk at path, following symbolic links. The caller must hold the lock
// that prevents writes to it.
func OpenDisk(path string) (*Disk, error) { return diskfile.Open(path) }
