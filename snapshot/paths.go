package snapshot

import (
	"path/filepath"
	"strings"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/lazydisk"
)

// Paths holds the absolute paths of one disk and of its snapshots. All but Snapshots are in
// folders that exist.
type Paths struct {
	// Disk is the disk, or a symbolic link to it, and Undo the disk before the last
	// restore.
	Disk, Undo string
	// Rows is the list of the snapshots, and RowsLock is locked while the list or the
	// names in Snapshots change.
	Rows, RowsLock string
	// Snapshots is the folder of the snapshot files.
	Snapshots string
	// Firmware, FirmwareUndo and FirmwareNextPrefix are the variables of the guest's UEFI
	// firmware: those of the disk, those of the undo disk, and, when an inode's number is
	// appended, those that become Firmware once the file with that inode is the disk. All
	// are in one folder.
	Firmware, FirmwareUndo, FirmwareNextPrefix string
	// Filling is the folder for what lazy disks are filled from.
	Filling lazydisk.Dir
}

const (
	// FileSuffix ends the name of each snapshot file.
	FileSuffix = ".raw.gz"
	// IndexSuffix ends the name of a snapshot's chunk index.
	IndexSuffix = ".idx"
	// HeaderSuffix ends the name of the next header of a snapshot file.
	HeaderSuffix = ".hdr"
)

// File returns the path of a snapshot in a folder of snapshots.
func File(folder, name string) string { return filepath.Join(folder, name+FileSuffix) }

// splitPath returns the folder and the name of the snapshot file at path.
func splitPath(path string) (d folder, name string) {
	return folder{filepath.Dir(path)}, strings.TrimSuffix(filepath.Base(path), FileSuffix)
}

// IndexFile returns the path of a snapshot's chunk index in a folder of snapshots.
func IndexFile(folder, name string) string { return filepath.Join(folder, name+IndexSuffix) }

// headerPath returns the path of a snapshot's next header. That file is complete and durable
// before the snapshot file is changed, so that a change interrupted by a power cut can be
// completed.
func (d folder) headerPath(name string) string { return filepath.Join(d.dir, name+HeaderSuffix) }

// isFirmwareTemp reports whether name is the name of a temporary file of firmware
// variables.
func (p Paths) isFirmwareTemp(name string) bool {
	base := filepath.Base(p.Firmware)
	return strings.HasPrefix(name, "."+strings.TrimSuffix(base, filepath.Ext(base))+".") && strings.HasSuffix(name, durable.TempSuffix)
}
