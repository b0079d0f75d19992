package app

import (
	"context"
	"errors"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
)

// Keep specifies which snapshots pruning retains; see snapshot.Keep.
type Keep = snapshot.Keep

// Pruned is the result of pruning, or of a dry run.
type Pruned struct {
	VM            string
	Kept, Deleted []Snapshot
	Freed         int64
}

// PruneSnapshots deletes the snapshots that keep does not retain. A dry run only returns them.
func (s *Service) PruneSnapshots(ctx context.Context, vmName string, keep Keep, dry bool) (Pruned, error) {
	op := problem.Operation{Code: problem.OpSnapshotPrune, VM: vmName}
	e, err := s.entry(vmName)
	if err != nil {
		return Pruned{}, wrapFailure(err, op)
	}
	dir := s.vms.Dir(e.Name)
	var result snapshot.Pruned
	err = s.editSnapshots(ctx, e.Name, op, func(store *snapshot.Store) error {
		result, err = store.Prune(ctx, keep, s.now().Local(), dry)
		return err
	})
	if n := len(result.Deleted); n > 0 {
		err = wrapPruneFailure(err, n)
	}
	current := readOrigin(dir).Disk
	list := func(infos []snapshot.Info) []Snapshot {
		var all []Snapshot
		for _, i := range infos {
			all = append(all, snapshotFromInfo(dir, i, current.matches(i)))
		}
		return all
	}
	return Pruned{VM: e.Name, Kept: list(result.Kept), Deleted: list(result.Deleted), Freed: result.Freed}, err
}

// wrapPruneFailure adds to an error the state that n snapshots were already deleted.
func wrapPruneFailure(err error, n int) error {
	var f *Failure
	if !errors.As(err, &f) {
		return err
	}
	cause := f.Err
	if errors.Is(cause, context.Canceled) {
		cause = job.Interrupted("canceled")
	}
	return &Failure{Operation: f.Operation, Disk: []problem.State{{Code: problem.SnapshotsDeleted, Count: n}}, Err: cause}
}
