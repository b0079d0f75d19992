package app

import (
	"context"

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
	e, err := s.entry(vmName)
	if err != nil {
		return Pruned{}, failed(err, "", "prune the snapshots of %s", called(vmName))
	}
	dir := s.vms.Dir(e.Name)
	var found snapshot.Pruned
	err = s.edit(e.Name, "prune the snapshots", func(store *snapshot.Store) error {
		found, err = store.Prune(ctx, keep, s.now().Local(), dry)
		return err
	})
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
