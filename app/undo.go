package app

import (
	"context"
	"errors"

	"vmterminal/snapshot"
	"vmterminal/vm"
	"vmterminal/vm/qemu"
)

// Undone is what an undo did.
type Undone struct{ OldSize, NewSize int64 }

// UndoRestore begins to bring the disk back that the last restore replaced, as a
// job; its Result is an Undone. The present disk is kept: again UndoRestore, and
// it is back. A running VM is refused at once with ErrRunning, unless the
// options say to stop it.
func (s *Service) UndoRestore(ctx context.Context, vmName string, opt RestoreOptions) (*Job, error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, failed(err, "", "undo the last restore of %s", called(vmName))
	}
	change := diskChange{
		doing: phrase("undo the last restore of VM '%s'", e.Name),
		now:   "The disk is the one from before; the other is kept.",
	}
	_, _, _, err = snapshot.Open(s.vms.Dir(e.Name)).UndoInfo()
	if err == nil && !opt.Stop {
		err = s.canHoldDisk(ctx, e.Name, "undoing the last restore")
	}
	if err != nil {
		return nil, failed(err, unchanged, "%s", change.doing)
	}
	return s.jobs.run(JobUndo, e.Name, "", func(ctx context.Context, m Meter) (any, error) {
		var done Undone
		err := s.changeDisk(ctx, e, opt, m, change, func() (err error) {
			done, err = s.undo(ctx, e)
			return err
		})
		return done, err
	}), nil
}

func (s *Service) undo(ctx context.Context, e vm.Entry) (Undone, error) {
	hold, err := s.holdDisks(ctx, e.Name, "undoing the last restore")
	if err != nil {
		return Undone{}, err
	}
	defer hold.release()
	dir := s.vms.Dir(e.Name)
	was := readOrigin(dir)
	done, err := snapshot.Open(dir).Undo(hold, dir.Disk())
	if err == nil || errors.Is(err, snapshot.ErrNotDurable) {
		origin{Disk: was.Undo, Undo: was.Disk}.write(dir)
	}
	return Undone{done.OldSize, done.NewSize}, err
}

// DiscardUndo frees what the last restore kept, for good, and says how many
// bytes that gave back.
func (s *Service) DiscardUndo(ctx context.Context, vmName string) (freed int64, err error) {
	e, err := s.entry(vmName)
	if err != nil {
		return 0, failed(err, "", "discard what the last restore of %s kept", called(vmName))
	}
	dir := s.vms.Dir(e.Name)
	doing := func(of Phrase) Phrase { return phrase("discard what the last restore kept of %s", of) }
	err = s.edit(ctx, e.Name, doing, func(store *snapshot.Store) error {
		claim, err := qemu.ClaimDisk(dir.Undo())
		if err != nil {
			return err
		}
		defer func() { _ = claim.Close() }() // it was only looked at
		was := readOrigin(dir)
		freed, err = store.DiscardUndo(ctx)
		if err == nil {
			origin{Disk: was.Disk}.write(dir)
		}
		return err
	})
	return freed, err
}
