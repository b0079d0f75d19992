package snapshot

import (
	"context"
	"fmt"
	"strings"

	"vmterminal/snapshot/gzfile"
)

// MaxDescription is the longest description, in bytes.
const MaxDescription = 4096

// describe returns a description as it is kept: control characters become
// spaces. The error wraps ErrBadDescription.
func describe(description string) (string, error) {
	description = strings.TrimSpace(plain(description))
	if len(description) > MaxDescription {
		return "", fmt.Errorf("%w: it is longer than %d bytes", ErrBadDescription, MaxDescription)
	}
	return description, nil
}

// Describe gives a snapshot another description: in its file, so that it travels
// with it, or for a foreign file in its row alone. The caller holds the job
// lock. After a crash at any moment it has the old one or the new one. The
// errors: ErrNotFound, ErrMissing, ErrDamaged, ErrNewer, ErrBadDescription, a
// *NoSpace.
func (s *Store) Describe(ctx context.Context, name, description string) error {
	description, err := describe(description)
	if err != nil {
		return err
	}
	return s.edit(ctx, name,
		func(h *gzfile.Header) { h.Description = description },
		func(r *row) { r.Description = description })
}

// edit changes the texts of a snapshot, in its header and in its row.
func (s *Store) edit(ctx context.Context, name string, header func(*gzfile.Header), change func(*row)) error {
	// First what a crash has left half done: the header must not come from before.
	if err := s.settleRows(); err != nil {
		return err
	}
	info, err := s.present(ctx, name)
	if err != nil {
		return err
	}
	n, err := s.reheaded(ctx, info.Name, info.Name, header)
	if err != nil {
		return err
	}
	defer n.discard()
	put := false
	_, err = s.changeRows(func(r *rows) (bool, error) {
		if err := s.put(info.Name, n); err != nil {
			return false, tell(ctx, s.dir.Snapshots(), 0, err)
		}
		put = !info.Foreign
		r.note(info, change)
		return true, nil
	})
	if put {
		return nil // the file says it; a row is only its copy
	}
	return err
}

// settleRows finishes changes of names and headers that a crash has cut off. Every
// change of the store does so too.
func (s *Store) settleRows() error {
	_, err := s.changeRows(func(*rows) (bool, error) { return false, nil })
	return err
}
