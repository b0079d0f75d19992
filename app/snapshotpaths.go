package app

import (
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable/lazydisk"
	"vmterminal/vm/home"
)

// SnapshotPaths returns the paths of a VM's disk and snapshots.
func SnapshotPaths(dir home.VMDir) snapshot.Paths {
	return snapshot.Paths{
		Disk: dir.Disk(), Undo: dir.Undo(),
		Rows: dir.Rows(), RowsLock: dir.RowsLock(), Snapshots: dir.Snapshots(),
		Firmware: dir.Firmware(), FirmwareUndo: dir.FirmwareUndo(), FirmwareNextPrefix: dir.FirmwareNextPrefix(),
		Filling: lazydisk.Dir(dir.Filling()),
	}
}
