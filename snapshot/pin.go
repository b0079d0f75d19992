package snapshot

import (
	"context"

	"vmterminal/snapshot/gzfile"
)

// Pin sets whether a snapshot is left alone by Prune: in its file, so that it
// survives lost rows, or for a foreign file in its row alone. Delete removes
// pinned snapshots too. Locks, crashes and errors are as with Describe.
func (s *Store) Pin(ctx context.Context, name string, pinned bool) error {
	return s.edit(ctx, name,
		func(h *gzfile.Header) { h.Pinned = pinned },
		func(r *row) { r.Pinned = pinned })
}
