package snapshot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/gzfile"
)

// A base is the snapshot whose chunks a new one uses again.
type base struct {
	*gzfile.Base
	name   string
	file   *opened
	differ bool // a new one with the same content is not wanted
}

// base opens the snapshot that can be used again, nil if there is none: the one
// that the changes are known since, or the newest.
// One that turns out to be damaged is passed over, with a note. Only the
// context's end is an error: without a base all is compressed.
func (s *Store) base(ctx context.Context, c *Changes, size int64, p Progress) (b *base, notes []string, err error) {
	list, _, err := s.List(ctx)
	if err != nil {
		return nil, nil, ctx.Err()
	}
	if at := slices.IndexFunc(list, c.since); at >= 0 {
		if b, notes, err = s.newest(ctx, list[at:at+1], p); b != nil {
			b.Know(size, c.Ranges)
		}
	}
	if b == nil && err == nil {
		b, notes, err = s.newest(ctx, list, p)
	}
	return b, notes, err
}

// since tells whether the changes are known since this snapshot.
func (c *Changes) since(i Info) bool {
	return c != nil && c.ID != "" && i.ID == c.ID && i.Digest == c.Digest
}

// newest opens the first of the list that can be used again.
func (s *Store) newest(ctx context.Context, list []Info, p Progress) (b *base, notes []string, err error) {
	for _, i := range list {
		if i.Foreign || i.State != StateOK && i.State != StateImported {
			continue
		}
		file, _, err := s.open(i.Name)
		if err != nil {
			continue
		}
		index, err := s.anyIndex(ctx, i.Name, file, p)
		if err == nil {
			return &base{Base: &gzfile.Base{File: file.ours, Index: index}, name: i.Name, file: file}, notes, nil
		}
		file.Close()
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if errors.Is(err, ErrDamaged) {
			notes = append(notes, fmt.Sprintf("snapshot %s was not used again: %v", strconv.Quote(i.Name), err))
		}
	}
	return nil, notes, nil
}

// anyIndex returns the index of a file of ours, made anew if there is none that
// holds. The caller holds the job lock.
func (s *Store) anyIndex(ctx context.Context, name string, file *opened, p Progress) (*gzfile.Index, error) {
	if index := s.readIndex(name, file); index != nil {
		return index, nil
	}
	p.Phase(PhaseIndex, file.size)
	index, err := file.ours.Scan(ctx, nil, gzfile.Options{Add: p.Add})
	if err == nil {
		s.keepIndex(name, index)
	}
	return index, err
}

// on says which file the base will be used for, and returns it for the options.
func (b *base) on(out *budgeted) *gzfile.Base {
	if b == nil {
		return nil
	}
	b.Share = func(off, from, n int64) error {
		return diskfile.Share(out.File, off, b.file.File, from, n)
	}
	return b.Base
}

// mustDiffer says whether a new snapshot is wanted only if it differs from b.
func (b *base) mustDiffer(must bool) {
	if b != nil {
		b.differ = must
	}
}

// differs refuses a new snapshot that has the base's content, unless the base
// was found damaged.
func (b *base) differs(h gzfile.Header) error {
	if b == nil || !b.differ || len(b.Bad) > 0 || h.Size != b.file.ours.Header.Size || h.Digest != b.file.ours.Header.Digest {
		return nil
	}
	return fmt.Errorf("%w %s", ErrUnchanged, strconv.Quote(b.name))
}

// notes tells what was found wrong with the base, or with what is known since.
func (b *base) notes() []string {
	if b == nil {
		return nil
	}
	var notes []string
	if len(b.Bad) > 0 {
		notes = append(notes, fmt.Sprintf(
			"snapshot %s is damaged (chunk %d is the first of %d): these chunks were compressed anew here",
			strconv.Quote(b.name), b.Bad[0], len(b.Bad)))
	}
	if b.Doubted {
		notes = append(notes, fmt.Sprintf(
			"what was noted of changes since snapshot %s was wrong: the whole disk was read", strconv.Quote(b.name)))
	}
	return notes
}

func (b *base) close() {
	if b != nil {
		b.file.Close()
	}
}
