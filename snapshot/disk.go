package snapshot

import (
	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/gzfile"
)

// Source is what a snapshot is taken of: a stopped disk, or a point in time of
// a running one.
type Source = gzfile.Source

// Range is a part of a disk, in bytes.
type Range = gzfile.Range

// MaxDisk is the largest disk that is taken and restored, in bytes: 16 TiB. So a
// small file that claims, or unpacks to, an endless disk ends in an error.
const MaxDisk = gzfile.MaxDisk

// Disk is a stopped VM's disk as a Source.
type Disk = diskfile.Disk

// OpenDisk opens the disk at path, following symbolic links. The caller holds
// the lock that keeps others from writing to it.
func OpenDisk(path string) (*Disk, error) { return diskfile.Open(path) }
