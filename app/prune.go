package app

import (
	"context"
	"errors"

	"vmterminal/snapshot"
)

// Keep says which snapshots a prune keeps; see snapshot.Keep.
type Keep = snapshot.Keep

// Pruned is what a prune did, or would do.
type Pruned struct {
	VM            string
	Kept, Deleted []Snapshot
	Freed         int64
}

// PruneSnapshots deletes the snapshots that keep does not speak for. Dry: it
// only says which.
func (s *Service) PruneSnapshots(ctx context.Context, vmName string, keep Keep, dry bool) (Pruned, error) {
	doing := func(of Phrase) Phrase { return phrase("prune the snapshots of %s", of) }
	e, err := s.entry(vmName)
	if err != nil {
		return Pruned{}, failed(err, "", "%s", doing(called(vmName)))
	}
	dir := s.vms.Dir(e.Name)
	var found snapshot.Pruned
	err = s.edit(ctx, e.Name, doing, func(store *snapshot.Store) error {
		found, err = store.Prune(ctx, keep, s.now().Local(), dry)
		return err
	})
	if n := len(found.Deleted); n > 0 {
		err = afterPruning(err, n)
	}
	here := readOrigin(dir).Disk
	list := func(infos []snapshot.Info) []Snapshot {
		var all []Snapshot
		for _, i := range infos {
			all = append(all, asSnapshot(dir, i, here.is(i)))
		}
		return all
	}
	return Pruned{VM: e.Name, Kept: list(found.Kept), Deleted: list(found.Deleted), Freed: found.Freed}, err
}

// afterPruning says of an error that it came after n snapshots were deleted.
func afterPruning(err error, n int) error {
	var f *Failure
	if !errors.As(err, &f) {
		return err
	}
	cause := f.Err
	if errors.Is(cause, context.Canceled) {
		cause = interrupted("cancelled")
	}
	return &Failure{Doing: f.Doing, Also: phrase("Before that, snapshots were deleted: %s.", n), Err: cause}
}
