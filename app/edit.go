package app

import (
	"context"
	"strings"

	"vmterminal/snapshot"
)

// RenameSnapshot gives a snapshot another name, everywhere it is kept.
func (s *Service) RenameSnapshot(ctx context.Context, vmName, old, name string) error {
	doing := func(of Phrase) Phrase {
		return phrase("rename snapshot '%s' to '%s' of %s", Plain(old), Plain(name), of)
	}
	e, err := s.entry(vmName)
	if err != nil {
		return failed(err, "", "%s", doing(called(vmName)))
	}
	return s.edit(ctx, e.Name, doing, func(store *snapshot.Store) error {
		info, err := store.Get(ctx, old)
		if err == nil {
			err = store.Rename(ctx, old, name)
		}
		if err == nil {
			renameOrigin(s.vms.Dir(e.Name), info, name)
		}
		return err
	})
}

// DescribeSnapshot changes a snapshot's description.
func (s *Service) DescribeSnapshot(ctx context.Context, vmName, name, description string) error {
	doing := func(of Phrase) Phrase { return phrase("describe snapshot '%s' of %s", Plain(name), of) }
	return s.edit(ctx, vmName, doing, func(store *snapshot.Store) error { return store.Describe(ctx, name, description) })
}

// PinSnapshot keeps a snapshot from being pruned, or no longer.
func (s *Service) PinSnapshot(ctx context.Context, vmName, name string, pinned bool) error {
	doing := func(of Phrase) Phrase { return phrase("pin snapshot '%s' of %s", Plain(name), of) }
	if !pinned {
		doing = func(of Phrase) Phrase { return phrase("unpin snapshot '%s' of %s", Plain(name), of) }
	}
	return s.edit(ctx, vmName, doing, func(store *snapshot.Store) error { return store.Pin(ctx, name, pinned) })
}

// edit changes something about a VM's snapshots under the job lock, which is the
// VM's own: of which VM is not in its holder's text.
func (s *Service) edit(ctx context.Context, vmName string, doing func(of Phrase) Phrase, change func(*snapshot.Store) error) error {
	e, err := s.entry(vmName)
	if err != nil {
		return failed(err, "", "%s", doing(called(vmName)))
	}
	job, err := s.holdJob(ctx, e.Name, strings.TrimSuffix(doing(Phrase{}).String(), " of "))
	if err == nil {
		defer job.release()
		err = change(snapshot.Open(s.vms.Dir(e.Name)))
	}
	return failed(err, "Nothing was changed.", "%s", doing(called(e.Name)))
}
