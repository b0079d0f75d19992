package snapshot

import (
	"context"
	"fmt"
	"strings"

	"vmterminal/snapshot/gzfile"
)

// MaxDescription is the maximum length of a description, in bytes.
const MaxDescription = 4096

// cleanDescription trims a description and replaces control characters with spaces. The
// error, if any, wraps ErrBadDescription.
func cleanDescription(description string) (string, error) {
	description = strings.TrimSpace(sanitizeText(description))
	if len(description) > MaxDescription {
		return "", fmt.Errorf("%w: it is longer than %d bytes", ErrBadDescription, MaxDescription)
	}
	return description, nil
}

// Describe changes the description of a snapshot, which replaces its purpose, in its file or,
// for a foreign file, only in its row. The caller must hold the job lock. After a crash the snapshot has either its
// old or its new description. The error may wrap ErrNotFound, ErrMissing, ErrDamaged,
// ErrNewer, ErrBadDescription or a *NoSpace.
func (s *Store) Describe(ctx context.Context, name, description string) error {
	description, err := cleanDescription(description)
	if err != nil {
		return err
	}
	return s.editSnapshot(ctx, name,
		func(e *gzfile.EditableFields) { e.Description, e.Purpose = description, Purpose{} },
		func(r *row) { r.Description, r.Purpose = description, Purpose{} })
}

// editSnapshot changes a snapshot's header and row.
func (s *Store) editSnapshot(ctx context.Context, name string, header func(*gzfile.EditableFields), change func(*row)) error {
	// Finish interrupted changes first, so that the header read below is current.
	if err := s.settleRows(); err != nil {
		return err
	}
	info, err := s.getPresent(ctx, name)
	if err != nil {
		return err
	}
	n, err := s.prepareHeader(ctx, info.Name, info.Name, header)
	if err != nil {
		return err
	}
	defer n.discard()
	put := false
	err = s.changeRows(func(r *rows) (bool, error) {
		if err := s.writeHeader(info.Name, n); err != nil {
			return false, classifyError(ctx, s.paths.Snapshots, 0, err)
		}
		put = !info.Foreign
		r.update(info, change)
		return true, nil
	})
	if put {
		return nil // the file is changed; the row is only a copy
	}
	return err
}

// settleRows finishes changes of names and headers that a crash has interrupted, as every
// changeRows does.
func (s *rowStore) settleRows() error {
	return s.changeRows(func(*rows) (bool, error) { return false, nil })
}
