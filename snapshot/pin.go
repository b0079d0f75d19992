package snapshot

import (
	"context"

	"vmterminal/snapshot/gzfile"
)

// Pin sets whether Prune keeps a snapshot regardless of its age. The setting is stored in
// the snapshot's file, so that it survives the loss of the rows; for a foreign file it is
// stored only in the row. Delete removes pinned snapshots too. Locks, crashes and errors
// are as for Describe.
func (s *Store) Pin(ctx context.Context, name string, pinned bool) error {
	return s.editSnapshot(ctx, name,
		func(e *gzfile.EditableFields) { e.Pinned = pinned },
		func(r *row) { r.Pinned = pinned })
}
