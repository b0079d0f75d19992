package app

import (
	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/debian"
	"vmterminal/vm/image/cache"
	"vmterminal/vm/supervisor/client"
)

// Codes of activities that have no problem.OperationCode.
const (
	activityDeleteSnapshots = "snapshots_delete"
	activityGrowDisk        = "disk_grow"
)

// Activities returns the codes of all activities that locks can be held for. The tests of the
// front ends check that each has a text.
func Activities() []string {
	codes := []string{
		activityDeleteSnapshots, activityGrowDisk, client.ActivityRun, client.ActivityStop, vm.ActivityCreate,
		cache.ActivityGet, cache.ActivityDownload, cache.ActivityDisk, cache.ActivityBase, cache.ActivityRemove, cache.ActivitySweep,
		debian.ActivityBuild, debian.ActivityRemove,
	}
	for _, op := range []problem.OperationCode{
		problem.OpCopyIn, problem.OpCopyOut, problem.OpSnapshotCreate, problem.OpSnapshotDelete, problem.OpSnapshotDescribe,
		problem.OpSnapshotImport, problem.OpSnapshotPin, problem.OpSnapshotPrune, problem.OpSnapshotRename,
		problem.OpSnapshotRestore, problem.OpSnapshotUnpin, problem.OpUndoDiscard, problem.OpUndoRestore,
		problem.OpVMClone, problem.OpVMDelete, problem.OpVMRename, problem.OpVMStart,
	} {
		codes = append(codes, string(op))
	}
	return codes
}

func plainActivity(a durable.Activity) durable.Activity {
	return durable.Activity{Code: Plain(a.Code), Name: Plain(a.Name)}
}
